/** Who owns which field (KEP-555): server-side apply, and the bookkeeping of every other write. */
export { type Apply, applyObject } from "./apply.ts";
export { trackUpdate, type Update } from "./track_update.ts";
export { checkTyped } from "./typed_check.ts";
export { entriesIgnoringTimes } from "./times.ts";
export type { Versions } from "./versions.ts";
