/**
 * Who owns what after a create, an update or a patch: the writer owns what it changed, and nobody owns what went.
 *
 * It is on the path of every write, so it works in one walk over the two objects and keeps whatever did not change.
 */
import { apiVersionOf, type KubeObject, type ManagedFieldsEntry, type Resource } from "../../schema/mod.ts";
import { difference, type FieldSet, sameSet, union } from "./field_set.ts";
import { entriesOf, type Manager, managersOf, sameManager, withFields } from "./managers.ts";
import { Differences, type Versions } from "./versions.ts";

export interface Update {
  /** Absent for a create. */
  readonly live?: KubeObject;
  /** As it will be stored, defaults included. */
  readonly updated: KubeObject;
  readonly resource: Resource;
  readonly manager: string;
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Absent: every manager speaks the version of the write. */
  readonly versions?: Versions;
}

/** The new `metadata.managedFields`; the live list itself when nothing about it changes. */
export function trackUpdate(update: Update): ManagedFieldsEntry[] {
  const { live, updated, resource, versions } = update;
  const before = managersBefore(update);
  // What nothing tracks is tracked again from its first apply on.
  if (live && (before ?? live.metadata?.managedFields ?? []).length === 0) return [];
  const differences = new Differences(resource, live, updated, versions);
  const { changed, removed } = differences.own;
  if (!changed && !removed && before === undefined) return live?.metadata?.managedFields ?? [];
  const managers = before ?? managersOf(live);
  const own = ownManager(managers, update);
  const left = managers.filter((manager) => !sameManager(manager, own)).map((manager) => differences.left(manager));
  return entriesOf([...left, grown(own, changed, removed, update.now)]);
}

/**
 * Managers that the request brings itself, which lets a user edit or reset them; undefined when the live ones count:
 * nothing was sent, nothing readable was sent, or the write goes through a subresource.
 */
function managersBefore({ live, updated, subresource }: Update): Manager[] | undefined {
  const sent = updated.metadata?.managedFields;
  if (!sent || subresource || sent === live?.metadata?.managedFields) return undefined;
  if (sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0)) return [];
  if (JSON.stringify(sent) === JSON.stringify(live?.metadata?.managedFields)) return undefined;
  const managers = managersOf(updated).filter(({ fields }) => fields !== undefined);
  return managers.length > 0 ? managers : undefined;
}

function ownManager(managers: readonly Manager[], { manager: name, subresource, resource }: Update): Manager {
  const id = { name, operation: "Update" as const, apiVersion: apiVersionOf(resource), subresource };
  return managers.find((manager) => sameManager(manager, id)) ?? { ...id, fields: undefined };
}

/** The time moves only when the set does. */
function grown(own: Manager, changed: FieldSet | undefined, removed: FieldSet | undefined, now: string): Manager {
  const fields = union(difference(own.fields, removed), changed);
  return sameSet(fields, own.fields) ? own : withFields(own, fields, now);
}
