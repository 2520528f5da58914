/** The present, the recent past and the watchers of every resource. */
export * from "./cache_event.ts";
export * from "./object_revision.ts";
export * from "./resource_cache.ts";
export * from "./serialise.ts";
export { lowerBound } from "./sorted_revisions.ts";
export * from "./subscription.ts";
export * from "./watch_cache.ts";
