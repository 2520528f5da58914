/**
 * The managers of one object, read from and written to `metadata.managedFields`.
 *
 * Laws: one entry for each (manager, operation, apiVersion, subresource), where who applies is one manager whatever the
 * version; an entry that owns nothing is not there; applies
 * come before updates, older before younger; at most ten update managers, older ones fold into `ancient-changes`.
 */
import type { KubeObject, ManagedFieldsEntry } from "../../schema/mod.ts";
import { decodeFieldSet, type FieldSet, union } from "./field_set.ts";
import { shared } from "./shared_sets.ts";

export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly time?: string;
  readonly fields: FieldSet | undefined;
  /** The entry that it was read from, as long as nothing about it has changed. */
  readonly entry?: ManagedFieldsEntry;
}

const MAX_UPDATE_MANAGERS = 10;

const decoded = new WeakMap<ManagedFieldsEntry, Manager>();

export function managersOf(object: KubeObject | undefined): Manager[] {
  const managers: Manager[] = [];
  for (const entry of object?.metadata?.managedFields ?? []) {
    const manager = decodeEntry(entry);
    const twin = managers.findIndex((other) => sameManager(other, manager));
    if (twin < 0) managers.push(manager);
    else managers[twin] = withFields(managers[twin]!, union(managers[twin]!.fields, manager.fields));
  }
  return managers;
}

/** Entries of cached objects are frozen, so what is read from one once stays true. */
function decodeEntry(entry: ManagedFieldsEntry): Manager {
  const known = decoded.get(entry);
  if (known) return known;
  const { manager: name = "", operation = "Update", apiVersion = "", subresource = "", time, fieldsV1 } = entry;
  const manager = { name, operation, apiVersion, subresource, time, fields: decodeFieldSet(fieldsV1), entry };
  if (Object.isFrozen(entry)) decoded.set(entry, manager);
  return manager;
}

export type ManagerId = Pick<Manager, "name" | "operation" | "apiVersion" | "subresource">;

export function sameManager(a: ManagerId, b: ManagerId): boolean {
  return a.name === b.name && a.operation === b.operation && a.subresource === b.subresource &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion);
}

export function withFields(manager: Manager, fields: FieldSet | undefined, time = manager.time): Manager {
  if (fields === manager.fields && time === manager.time) return manager;
  const { entry: _, ...rest } = manager;
  return { ...rest, fields, time };
}

export function entriesOf(managers: readonly Manager[]): ManagedFieldsEntry[] {
  const owning = managers.filter(({ fields }) => fields !== undefined);
  return capped(owning).sort(compareManagers).map(encodeEntry);
}

function encodeEntry(manager: Manager): ManagedFieldsEntry {
  if (manager.entry) return manager.entry;
  const { name, operation, apiVersion, time, subresource, fields } = manager;
  const entry: ManagedFieldsEntry = { manager: name, operation, apiVersion };
  if (time) entry.time = time;
  entry.fieldsType = "FieldsV1";
  entry.fieldsV1 = shared(fields!) as ManagedFieldsEntry["fieldsV1"];
  if (subresource) entry.subresource = subresource;
  return entry;
}

function compareManagers(a: Manager, b: Manager): number {
  return compare(a.operation, b.operation) || compare(a.time ?? "", b.time ?? "") || compare(a.name, b.name) ||
    compare(a.apiVersion, b.apiVersion) || compare(a.subresource, b.subresource);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The oldest updates of each version share one entry, so that objects don't grow with the number of their writers. */
function capped(managers: Manager[]): Manager[] {
  const updates = managers.filter(({ operation }) => operation === "Update").sort(compareManagers);
  let excess = updates.length - MAX_UPDATE_MANAGERS;
  if (excess <= 0) return managers;
  const ancient = new Map<string, Manager>();
  const kept = new Set(managers);
  for (const manager of updates) {
    if (excess <= 0) break;
    const bucket = ancient.get(manager.apiVersion);
    if (bucket) excess--;
    kept.delete(manager);
    ancient.set(manager.apiVersion, folded(bucket, manager));
  }
  return [...kept, ...ancient.values()];
}

function folded(bucket: Manager | undefined, { apiVersion, time, fields }: Manager): Manager {
  return {
    ...{ name: "ancient-changes", operation: "Update", subresource: "", apiVersion, time },
    fields: union(bucket?.fields, fields),
  };
}
