/** Moving fields from one name to another; fields without a value leave no trace. */
import type { KubeObject } from "../object.ts";

export type Names = readonly (readonly [from: string, to: string])[];

/** A copy with fields renamed; everything else stays. */
export function renamed(object: KubeObject, names: Names): KubeObject {
  const targets = new Map(names);
  const entries = Object.entries(object).map(([field, value]) => [targets.get(field) ?? field, value]);
  return Object.fromEntries(entries);
}

export function reversed(names: Names): Names {
  return names.map(([from, to]) => [to, from]);
}
