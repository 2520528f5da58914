/**
 * One kind, several served versions, one stored version: objects are converted on their way in and on their way out.
 *
 * Laws: what is stored has the storage version; whoever asks in a version gets that version; a revision is converted at most
 * once for each version.
 */
import {
  apiVersionOf,
  applyDefaults,
  convert,
  invalid,
  type KubeObject,
  type Resource,
  validateSpoken,
} from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import type { Versions } from "../managed_fields/mod.ts";
import type { Target } from "../operations.ts";
import type { Machinery } from "./machinery.ts";

/** The revision as a client of this row's version sees it. */
export function shownAs(revision: ObjectRevision, resource: Resource): ObjectRevision {
  if (isStored(resource) && !isCustom(resource)) return revision;
  // A Scale is no object of the row that it was made through.
  if (revision.object.kind !== resource.kind) return revision;
  const apiVersion = apiVersionOf(resource);
  // What was stored before the storage version changed keeps the old one until it is written again.
  const same = isStored(resource) && revision.object.apiVersion === apiVersion;
  const shown = same ? revision : revision.inVersion(apiVersion, (object) => inVersion(resource, object, apiVersion));
  return resource.complete ? completed(shown, resource) : shown;
}

const complete = new WeakMap<Resource, WeakMap<ObjectRevision, ObjectRevision>>();

/** With what its schema has come to fill in since it was stored; looked at once, as long as the schema stays. */
function completed(revision: ObjectRevision, resource: Resource): ObjectRevision {
  const known = complete.get(resource) ?? new WeakMap<ObjectRevision, ObjectRevision>();
  complete.set(resource, known);
  const seen = known.get(revision);
  if (seen) return seen;
  const object = resource.complete!(revision.object);
  const made = object === revision.object ? revision : revision.withObject(object);
  known.set(revision, made);
  return made;
}

/** The row whose rules hold for a write: the stored version's, but for custom resources each version has its own schema. */
export function storedRow({ registry }: Machinery, resource: Resource): Resource {
  if (isStored(resource) || isCustom(resource)) return resource;
  const slash = resource.storageVersion.indexOf("/");
  const group = slash < 0 ? "" : resource.storageVersion.slice(0, slash);
  return registry.find(group, resource.storageVersion.slice(slash + 1), resource.plural) ?? resource;
}

export function storedTarget(m: Machinery, target: Target): Target {
  return { ...target, resource: storedRow(m, target.resource) };
}

/** A decoded body of the row's version in the stored one; may be the object itself. */
export function toStored(resource: Resource, object: KubeObject): KubeObject {
  if (isStored(resource) || isCustom(resource)) return object;
  // Defaults belong to the version that the client speaks: what it leaves out means what that version says.
  applyDefaults(resource, object);
  return inVersion(resource, object, resource.storageVersion);
}

/** As `toStored` for a new object, which its own version's rules hold for too. Throws Invalid. */
export function newToStored(resource: Resource, object: KubeObject): KubeObject {
  if (isStored(resource) || isCustom(resource)) return object;
  applyDefaults(resource, object);
  const faults = validateSpoken(resource, object);
  if (faults.length > 0) throw invalid(resource, object.metadata?.name ?? "", faults);
  return inVersion(resource, object, resource.storageVersion);
}

/** A stored object in the row's version; may be the object itself. */
export function fromStored(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  return object.apiVersion === apiVersion ? object : inVersion(resource, object, apiVersion);
}

/** The other versions that managers of such an object may speak; a webhook's conversions are not waited for. */
export function versionsOf({ registry }: Machinery, resource: Resource): Versions {
  return (apiVersion) => {
    const slash = apiVersion.lastIndexOf("/");
    const [group, version] = [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)];
    const row = registry.find(group, version, resource.plural);
    if (!row || row.kind !== resource.kind || row.convert) return undefined;
    return { resource: row, show: (object) => fromStored(row, object) };
  };
}

function inVersion(resource: Resource, object: KubeObject, apiVersion: string): KubeObject {
  return isCustom(resource) ? { ...object, apiVersion } : convert(object, apiVersion);
}

function isStored(resource: Resource): boolean {
  return apiVersionOf(resource) === resource.storageVersion;
}

function isCustom({ type }: Resource): boolean {
  return type.name === "";
}
