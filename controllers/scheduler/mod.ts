/** pod -> node: filters, scores, binding. */
export * from "./scheduler.ts";
export * from "./configuration/configuration.ts";
export { schedulerConfigurationFrom } from "./configuration/file.ts";
export type * from "./profile.ts";
export type * from "./plugin.ts";
