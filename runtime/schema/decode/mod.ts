export { applyStaticDefaults } from "./static_defaults.ts";
export { checkTypes } from "./check_types.ts";
export { duplicateFaults, duplicateKeys } from "./duplicate_keys.ts";
export { normalize } from "./normalize.ts";
export { pruneUnknown } from "./prune_unknown.ts";
