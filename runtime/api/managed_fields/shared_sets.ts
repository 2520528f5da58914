/**
 * Objects of one making (the pods of a ReplicaSet) have equal field sets, which are larger than what they speak of: of equal
 * ones that were written lately there is one, frozen, for all objects.
 */
import { deepFreeze } from "../cache/mod.ts";
import { type FieldSet, sorted } from "./field_set.ts";

/** A few megabytes at most. */
const kept = 512;
/** Characters; larger sets are rare and rarely alike. */
const largest = 16_384;

const sets = new Map<string, FieldSet>();
const given = new WeakSet<FieldSet>();

/** An equal set with its elements in order, for good. Takes the set. */
export function shared(set: FieldSet): FieldSet {
  if (given.has(set)) return set;
  const ordered = sorted(set);
  const text = JSON.stringify(ordered);
  const known = sets.get(text);
  if (known) return known;
  if (text.length > largest) return ordered;
  const [oldest] = sets.keys();
  if (sets.size >= kept) sets.delete(oldest!);
  sets.set(text, deepFreeze(ordered));
  given.add(ordered);
  return ordered;
}
