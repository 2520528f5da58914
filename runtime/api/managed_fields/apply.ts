/**
 * Server-side apply: the applied object states everything that its manager wants, and nothing else.
 *
 * Laws: what is applied ends up in the object, and is owned by the manager, alone or together with others that agree; what
 * the manager applied before and now omits goes, unless somebody else owns it; what others own is changed only with
 * `force`, and is then theirs no longer; what nobody named stays. Applying twice changes nothing.
 *
 * Source: KEP-555; merge rules of `x-kubernetes-list-type`, `-list-map-keys` and `-map-type`.
 */
import { apiVersionOf, type Json, type KubeObject, type Resource, StatusError } from "../../schema/mod.ts";
import { type Conflict, conflictError } from "./conflicts.ts";
import { difference, type FieldSet, intersection, sameSet } from "./field_set.ts";
import { lastAppliedFields, refreshLastApplied } from "./last_applied.ts";
import { entriesOf, type Manager, managersOf, sameManager, withFields } from "./managers.ts";
import { mergeApplied } from "./merge.ts";
import { removeAbandoned } from "./remove.ts";
import type { Fields } from "./shape.ts";
import { appliedFields, changedFields } from "./tracked.ts";
import { checkTyped } from "./typed_check.ts";
import { Differences, type Versions } from "./versions.ts";

export interface Apply {
  /** Absent for a create. */
  readonly live?: KubeObject;
  readonly applied: KubeObject;
  readonly resource: Resource;
  readonly manager: string;
  readonly force: boolean;
  readonly subresource: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Absent: every manager speaks the version of the apply. */
  readonly versions?: Versions;
}

/**
 * The object with what was applied and with its new managedFields; the live object itself when nothing changed. Throws
 * Conflict, with one cause a field, and BadRequest for what cannot be applied.
 */
export function applyObject(request: Apply): KubeObject {
  const { live, resource, now } = request;
  if ((request.applied.metadata?.managedFields?.length ?? 0) > 0) {
    throw new StatusError("BadRequest", "metadata.managedFields must be nil");
  }
  const applied = writablePart(request);
  checkTyped(resource, applied);
  const own = ownManager(request, appliedFields(resource, applied));
  const before = managersBefore(request);
  const others = before.filter((manager) => !sameManager(manager, own));
  const last = before.find((manager) => sameManager(manager, own));
  const object = nextObject(request, applied, [last, own], others);
  const differences = new Differences(resource, live, object, request.versions);
  refuseConflicts(request, others, differences);
  const left = others.map((manager) => differences.left(manager));
  const { changed, removed } = differences.own;
  const owns = last?.apiVersion === own.apiVersion && sameSet(last.fields, own.fields);
  const stays = live !== undefined && !changed && !removed;
  const same = owns && stays && !movesVersion(request);
  const next = refreshLastApplied(object, applied, request.manager);
  if (same && live && next === object) return live;
  // Times are those of changes: who only agrees with what is there has none of its own.
  const managers = [...left, last && same ? last : withFields(own, own.fields, stays ? last?.time : now)];
  return { ...next, metadata: { ...next.metadata, managedFields: entriesOf(managers) } };
}

/** Status is written through its subresource only, and that writes nothing else. */
function writablePart({ applied, resource, subresource }: Apply): KubeObject {
  if (subresource === "status") {
    const { apiVersion, kind, metadata, status } = applied;
    const { name, namespace, uid, resourceVersion } = metadata ?? {};
    const identity = Object.entries({ name, namespace, uid, resourceVersion }).filter(([, value]) =>
      value !== undefined
    );
    const part: KubeObject = { apiVersion, kind, metadata: Object.fromEntries(identity) };
    if (status !== undefined) part.status = status;
    return part;
  }
  if (!resource.hasStatus || applied.status === undefined) return applied;
  const { status: _, ...rest } = applied;
  return rest;
}

function ownManager({ manager: name, resource, subresource }: Apply, fields: FieldSet | undefined): Manager {
  return { name, operation: "Apply", apiVersion: apiVersionOf(resource), subresource, fields };
}

/** Objects that were made before anything tracked them belong to `before-first-apply`. */
function managersBefore({ live, resource, now }: Apply): readonly Manager[] {
  const managers = managersOf(live);
  if (!live || managers.length > 0) return managers;
  const fields = changedFields(resource, undefined, live);
  const id = { name: "before-first-apply", operation: "Update" as const, subresource: "" };
  return fields ? [{ ...id, apiVersion: apiVersionOf(resource), time: now, fields }] : [];
}

function nextObject(
  { live, resource, versions }: Apply,
  applied: KubeObject,
  [last, own]: readonly [Manager | undefined, Manager],
  others: readonly Manager[],
): KubeObject {
  const merged = mergeApplied(resource.type, live as Fields | undefined, applied as Json) as Fields;
  const owned = [own, ...others].map(({ fields }) => fields);
  const earlier = last && last.apiVersion !== own.apiVersion ? versions?.(last.apiVersion) : undefined;
  if (earlier) {
    // What was applied before has the names of another version: it is taken away there.
    const { type } = earlier.resource;
    const kept = [appliedFields(earlier.resource, earlier.show(applied)), ...owned.slice(1)];
    const there = removeAbandoned(type, earlier.show(merged as unknown as KubeObject) as Fields, last!.fields, kept);
    return versions!(own.apiVersion)!.show(there as unknown as KubeObject);
  }
  return removeAbandoned(resource.type, merged, last?.fields, owned) as KubeObject;
}

function refuseConflicts(request: Apply, others: readonly Manager[], differences: Differences): void {
  const { live, resource, manager: name, force } = request;
  if (force || !differences.own.changed || !live) return;
  const conflicts: Conflict[] = [];
  const allowed = lastAppliedFields(live, resource, name);
  for (const manager of others) {
    const fields = difference(intersection(manager.fields, differences.in(manager.apiVersion).changed), allowed);
    if (fields) conflicts.push({ manager, fields });
  }
  if (conflicts.length > 0) throw conflictError(conflicts);
}

/** A resourceVersion or uid that isn't the live one must reach the caller, who refuses it. */
function movesVersion({ live, applied }: Apply): boolean {
  const { resourceVersion, uid } = applied.metadata ?? {};
  const differs = (sent: string | undefined, stored: string | undefined) => sent !== undefined && sent !== stored;
  return differs(resourceVersion, live?.metadata?.resourceVersion) || differs(uid, live?.metadata?.uid);
}
