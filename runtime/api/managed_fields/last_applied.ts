/**
 * The way from `kubectl apply` to `kubectl apply --server-side`: what client-side apply once wrote is kubectl's own, so taking
 * it over is no conflict, and the annotation that client-side apply lives on is kept up to date.
 */
import type { Json, KubeObject, Resource } from "../../schema/mod.ts";
import { difference, type FieldSet, intersection } from "./field_set.ts";
import { appliedFields, changedFields } from "./tracked.ts";

/** The manager name of `kubectl apply --server-side`. */
const KUBECTL = "kubectl";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";

/** Annotations may hold 256 KiB in all; larger ones are left out, as kubectl leaves them. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Fields that client-side apply set and that still have the value it gave them. */
export function lastAppliedFields(live: KubeObject, resource: Resource, manager: string): FieldSet | undefined {
  const last = manager === KUBECTL ? readAnnotation(live) : undefined;
  if (!last) return undefined;
  const given = appliedFields(resource, last);
  return difference(given, intersection(given, changedFields(resource, live, last)));
}

function readAnnotation(object: KubeObject): KubeObject | undefined {
  const text = object.metadata?.annotations?.[ANNOTATION];
  if (!text) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value as KubeObject : undefined;
  } catch {
    return undefined;
  }
}

/** Where kubectl applies an object that carries the annotation, the annotation says what is applied now. */
export function refreshLastApplied(object: KubeObject, applied: KubeObject, manager: string): KubeObject {
  const present = object.metadata?.annotations?.[ANNOTATION];
  if (manager !== KUBECTL || present === undefined) return object;
  const { managedFields: _, ...metadata } = applied.metadata ?? {};
  const text = `${JSON.stringify(sorted({ ...applied, metadata }))}\n`;
  if (text === present) return object;
  const annotations = { ...object.metadata?.annotations };
  if (text.length <= MAX_ANNOTATION_BYTES) annotations[ANNOTATION] = text;
  else delete annotations[ANNOTATION];
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/** As Go writes what has no type: keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const names = Object.keys(value).sort();
  return Object.fromEntries(names.map((name) => [name, sorted((value as Record<string, unknown>)[name])]));
}
