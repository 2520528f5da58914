/** The three patch formats that turn a document into another; apply patches live in `managed_fields`. */
export { applyJsonPatch, MAX_JSON_PATCH_OPERATIONS, PatchStepError } from "./json_patch.ts";
export { applyMergePatch } from "./merge_patch.ts";
export { applyStrategicMergePatch } from "./strategic_merge_patch.ts";
export { goText } from "./go_text.ts";
