/**
 * A write that changes nothing but the times in managedFields is no write: an apply of `hostNetwork: false`, which is never
 * stored, would otherwise give the object a new version each time.
 */
import { type KubeObject, type ManagedFieldsEntry, sameJson } from "../../schema/mod.ts";

/** The live entries where only times differ from them, the given ones otherwise. */
export function entriesIgnoringTimes(object: KubeObject, live: KubeObject): ManagedFieldsEntry[] | undefined {
  const entries = object.metadata?.managedFields;
  const before = live.metadata?.managedFields;
  if (!entries || !before || entries === before || entries.length !== before.length) return entries;
  const same = entries.every((entry) => before.some((other) => sameJson(withoutTime(entry), withoutTime(other))));
  return same ? before : entries;
}

function withoutTime({ time: _, ...rest }: ManagedFieldsEntry): ManagedFieldsEntry {
  return rest;
}
