/** pod -> node: filters, scores, binding. */
export * from "./scheduler.ts";
export * from "./profile.ts";
export type * from "./plugin.ts";
