/**
 * JSON merge patch (RFC 7386). Parts that the patch does not touch are shared with the document that came in, which is
 * never changed.
 */
import { goKindOf, type Json, StatusError } from "../../schema/mod.ts";

export function applyMergePatch(document: Json, patch: Json): Json {
  if (isObject(patch)) return merge(document, patch);
  const why = `error decoding patch: json: cannot unmarshal ${
    goKindOf(patch)
  } into Go value of type map[string]interface {}`;
  throw new StatusError("BadRequest", patch === null ? "Invalid JSON Patch" : why);
}

function merge(target: Json | undefined, patch: Json): Json {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) result.delete(key);
    else result.set(key, merge(result.get(key), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: Json | undefined): value is { [field: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
