/** The command line. */
export { runCommandLine } from "./command_line.ts";
export * from "./loops.ts";
export * from "./settings.ts";
