/**
 * Strategic merge patch: a merge patch that knows the type. Lists with a merge key are merged element by element, lists
 * of scalars with the `merge` strategy are united, all others are replaced; `$`-directives delete, replace and order.
 *
 * Laws: the document that comes in is never changed and its untouched parts are shared; a patch without effect yields
 * an equal document; no directive survives into the result; a patch that contradicts itself is refused (400).
 *
 * Source: "Strategic Merge Patch" in the community's api-conventions and the KEP-less design notes "preserve order in
 * strategic merge patch" and "add new patchStrategy to clear fields not present in the patch".
 */
import { type FieldNode, goKindOf, type Json, StatusError, type TypeNode } from "../../schema/mod.ts";
import { patchList } from "./merge_list.ts";
import {
  type Fields,
  isFields,
  orderDirective,
  patchDirective,
  primitiveDeletions,
  refused,
  retainedKeys,
} from "./directives.ts";

const mediaTypes = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];

/** Custom resources have no merge keys, so they are refused as upstream refuses them: 415. */
export function applyStrategicMergePatch(document: Json, patch: Json, type: TypeNode): Json {
  if (type.type !== "struct" || type.name === "") {
    const message = "the body of the request was in an unknown format - accepted media types include: " +
      mediaTypes.join(", ");
    throw new StatusError("UnsupportedMediaType", message);
  }
  if (patch === null) return document;
  if (!isFields(patch) || !isFields(document)) {
    throw refused(`json: cannot unmarshal ${goKindOf(patch)} into Go value of type map[string]interface {}`);
  }
  return patchFields(document, patch, type);
}

function patchFields(original: Fields, patch: Fields, type: TypeNode): Fields {
  switch (patchDirective(patch)) {
    case "replace":
      return withoutNulls(patch);
    case "delete":
      return {};
  }
  const result = new Map(Object.entries(original));
  const retained = retainedKeys(patch);
  if (retained) { for (const key of result.keys()) if (!retained.has(key)) result.delete(key); }
  for (const key of patchedKeys(patch)) {
    const value = patchField(result.get(key), patch, key, type);
    if (value === undefined) result.delete(key);
    else result.set(key, value);
  }
  return Object.fromEntries(result);
}

/** Fields that a patch speaks of, be it through `$setElementOrder/x` or `$deleteFromPrimitiveList/x` alone. */
function patchedKeys(patch: Fields): Set<string> {
  const keys = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (!key.startsWith("$")) keys.add(key);
    else if (key.includes("/")) keys.add(key.slice(key.indexOf("/") + 1));
  }
  return keys;
}

/** The field's new value; undefined when it goes, or when it was not there and stays so. */
function patchField(original: Json | undefined, patch: Fields, key: string, type: TypeNode): Json | undefined {
  const field = type.type === "struct" ? type.fields.get(key) : undefined;
  const value = patch[key];
  if (value === null) return undefined;
  const order = orderDirective(patch, key);
  const deletions = primitiveDeletions(patch, key);
  if (Array.isArray(value) || order || deletions) {
    if (value !== undefined && !Array.isArray(value)) return value;
    if (!field || !mergesAsList(field)) return value ?? original;
    const list = { items: itemsOf(field), mergeKey: field.patchMergeKey, patchFields };
    return patchList(Array.isArray(original) ? original : undefined, { value, order, deletions }, list);
  }
  if (!isFields(value)) return value;
  if (field?.patchStrategy.includes("replace")) return withoutNulls(value);
  return patchFields(isFields(original) ? original : {}, value, childType(type, field));
}

function mergesAsList(field: FieldNode): boolean {
  return field.type.type === "list" && field.patchStrategy.includes("merge");
}

function itemsOf(field: FieldNode): TypeNode {
  return field.type.type === "list" ? field.type.items : { type: "any", embeddedResource: false };
}

function childType(parent: TypeNode, field: FieldNode | undefined): TypeNode {
  if (field) return field.type;
  return parent.type === "map" ? parent.values : { type: "any", embeddedResource: false };
}

/** What replaces is taken as it stands, save the directive itself and fields that are set to null. */
function withoutNulls(patch: Fields): Fields {
  return Object.fromEntries(Object.entries(patch).filter(([key, value]) => key !== "$patch" && value !== null));
}
