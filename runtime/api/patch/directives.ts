/** The `$`-directives of a strategic merge patch: how they are read, and the words that refuse a bad one. */
import { type Json, StatusError } from "../../schema/mod.ts";
import { goText } from "./go_text.ts";

export type Fields = { [field: string]: Json };

export function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function refused(message: string): StatusError {
  return new StatusError("BadRequest", message);
}

/** `$patch`; absent means merge. */
export function patchDirective(patch: Fields): "merge" | "replace" | "delete" {
  const directive = patch.$patch;
  if (directive === undefined) return "merge";
  if (directive === "merge" || directive === "replace" || directive === "delete") return directive;
  throw refused(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
}

/** `$retainKeys`: the only keys that stay. Every key that the patch sets must be among them. */
export function retainedKeys(patch: Fields): ReadonlySet<string> | undefined {
  const directive = patch.$retainKeys;
  if (directive === undefined) return undefined;
  if (!Array.isArray(directive)) throw refused("invalid patch format of retainKeys");
  const retained = new Set(directive.map(String));
  const stray = Object.entries(patch).some(([key, value]) =>
    !key.startsWith("$") && value !== null && !retained.has(key)
  );
  if (stray) throw refused("patch content doesn't match retainKeys list");
  return retained;
}

/** `$setElementOrder/<field>`: merge keys as `{name: x}`, or scalars. */
export function orderDirective(patch: Fields, field: string): Json[] | undefined {
  const order = patch[`$setElementOrder/${field}`];
  if (order === undefined) return undefined;
  if (!Array.isArray(order)) throw refused("invalid patch format of setElementOrder list");
  return order;
}

/** `$deleteFromPrimitiveList/<field>` */
export function primitiveDeletions(patch: Fields, field: string): Json[] | undefined {
  const deletions = patch[`$deleteFromPrimitiveList/${field}`];
  if (deletions === undefined) return undefined;
  if (!Array.isArray(deletions)) throw refused("invalid patch format of primitive list");
  return deletions;
}
