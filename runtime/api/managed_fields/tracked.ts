/**
 * The part of an object that managedFields speak of: all but what names the object and what only the server writes.
 */
import type { Json, KubeObject, Resource } from "../../schema/mod.ts";
import { createdFields } from "./created_fields.ts";
import { type Draft, type FieldSet, nodeOf } from "./field_set.ts";
import type { Fields } from "./shape.ts";
import { differing, fieldsOf } from "./walk.ts";

const stripped = new Set(["f:apiVersion", "f:kind"]);

const strippedMeta = new Set([
  "f:name",
  "f:namespace",
  "f:creationTimestamp",
  "f:selfLink",
  "f:uid",
  "f:clusterName",
  "f:generation",
  "f:managedFields",
  "f:resourceVersion",
]);

/** Leaves of an applied object. */
export function appliedFields({ type }: Resource, object: KubeObject): FieldSet | undefined {
  return trackedPart(fieldsOf(type, object as Json, false));
}

/** Paths that `after` has and `before` hasn't, or with another value. */
export function changedFields({ type }: Resource, before: KubeObject | undefined, after: KubeObject) {
  if (before) return trackedPart(differing(type, before as Fields, after as Fields, "changed"));
  return createdFields(type, after, () => trackedPart(differing(type, {}, after as Fields, "changed")));
}

/** Paths that `before` has and `after` hasn't. */
export function removedFields({ type }: Resource, before: KubeObject | undefined, after: KubeObject) {
  return before && trackedPart(differing(type, after as Fields, before as Fields, "added"));
}

function trackedPart(set: FieldSet | undefined): FieldSet | undefined {
  if (!set) return undefined;
  const children: Draft = {};
  for (const element in set) {
    const child = element === "f:metadata" ? trackedMeta(set[element]!) : set[element];
    if (child && !stripped.has(element) && element !== ".") children[element] = child;
  }
  return nodeOf(false, children);
}

function trackedMeta(meta: FieldSet): FieldSet | undefined {
  const children: Draft = {};
  for (const element in meta) {
    if (element !== "." && !strippedMeta.has(element)) children[element] = meta[element]!;
  }
  return nodeOf(false, children);
}
