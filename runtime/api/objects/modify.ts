/**
 * The read-change-write that updates and patches share. When somebody else wrote in between, the change is made again on
 * what they left; a change that insists on a resourceVersion then refuses by itself.
 */
import {
  applyDefaults,
  countGeneration,
  invalid,
  type KubeObject,
  type ObjectMeta,
  prepareForUpdate,
  type Resource,
  type Stored,
  validateObject,
} from "../../schema/mod.ts";
import { type AdmissionRequest, admit } from "../admission/admission.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import { entriesIgnoringTimes } from "../managed_fields/mod.ts";
import type { Target, WriteCall } from "../operations.ts";
import { commitDelete, commitPut } from "./commit.ts";
import { sameJson } from "./json_value.ts";
import { type Machinery, pathOf } from "./machinery.ts";
import { track } from "./managed.ts";
import { badRequest, modified, otherUid } from "./refusals.ts";
import { read } from "./read.ts";
import { withReservations } from "./reservations.ts";
import { rulesOf } from "./kind_rules.ts";

/** One changed object. */
export interface Changed {
  readonly object: KubeObject;
  /** Its managedFields are as they should be. */
  readonly managed?: boolean;
  /** The change decides about every part of the object: nothing is put back as it was. */
  readonly whole?: boolean;
  /** What managedFields say that it came through, where that is not the call's own. */
  readonly through?: string;
}

/** Decoded and complete; must not change `current`. */
export type Change = (current: Stored) => Changed | Promise<Changed>;

const attempts = 32;

/** Throws NotFound when the object is not there. */
export async function modify(m: Machinery, target: Target, call: WriteCall, change: Change): Promise<ObjectRevision> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await read(m, target);
    const written = await modifyOnce(m, target, call, current, await change(current.object));
    if (written) return written;
  }
  throw modified(target.resource, target.name);
}

async function modifyOnce(
  m: Machinery,
  target: Target,
  call: WriteCall,
  current: ObjectRevision,
  { object, managed, whole, through }: Changed,
): Promise<ObjectRevision | undefined> {
  const { resource, name } = target;
  const live = current.object;
  checkIdentity(target, object, live);
  keepServerFields(object, live);
  if (!whole) prepareForUpdate(resource, object, live, call.subresource);
  applyDefaults(resource, object);
  const request = requestOf(target, call, object, live);
  // What admission changes is nobody's.
  if (!managed) track(m, resource, object, live, { ...call, subresource: through ?? call.subresource });
  const plugins = call.admitted ? [] : m.admission;
  await admit(plugins, "admit", request, m.view);
  if (!whole) countGeneration(resource, object, live, call.subresource);
  if (sameJson(withoutVersion(object, entriesIgnoringTimes(object, live)), withoutVersion(live))) return current;
  // What the server itself does to a whole object (binding) is not an update by a client, and may set what those may not.
  const errors = validateObject(resource, object, whole ? undefined : live, call.subresource);
  if (errors.length > 0) throw invalid(resource, name, errors);
  await admit(plugins, "validate", request, m.view);
  const commit = { resource, path: pathOf(target), expected: current.revision, dryRun: call.dryRun };
  const reserving = { resource, old: live, dryRun: call.dryRun };
  if (finishesDeletion(object, live)) {
    const last = await withReservations(m, reserving, () => commitDelete(m, current, commit));
    return last?.withObject(object);
  }
  return await withReservations(m, { ...reserving, object }, () => commitPut(m, object, commit));
}

/** An object is written where it says that it is. Throws BadRequest. */
export function checkPlace({ name, namespace }: Target, object: KubeObject): void {
  const metadata = object.metadata ??= {};
  if ((metadata.name ??= name) !== name) {
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  }
  if (namespace && (metadata.namespace ??= namespace) !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
}

/** Who the object is cannot be changed, and a resourceVersion insists on what is there. */
function checkIdentity(target: Target, object: KubeObject, live: Stored): void {
  checkPlace(target, object);
  const { resource, name } = target;
  const metadata = object.metadata!;
  const { uid, resourceVersion } = live.metadata;
  if (metadata.uid && metadata.uid !== uid) {
    throw otherUid(resource, pathOf(target), metadata.uid, uid);
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== "0") {
    if (metadata.resourceVersion !== resourceVersion) throw modified(resource, name);
  } else if (!rulesOf(resource).unconditionalUpdate) {
    throw mustSendVersion(resource, name);
  }
}

function mustSendVersion({ group, plural }: Resource, name: string) {
  return invalid({ group, kind: plural }, name, [{
    reason: "FieldValueInvalid",
    field: "metadata.resourceVersion",
    message: "Invalid value: 0: must be specified for an update",
  }]);
}

const kept = ["namespace", "uid", "creationTimestamp", "generation"] as const;
/** Once set nobody takes it back; who sets it before is refused when the object is looked at. */
const keptOnceSet = ["deletionTimestamp", "deletionGracePeriodSeconds"] as const;

/** What clients cannot write is as it was. */
function keepServerFields(object: KubeObject, live: Stored): void {
  const metadata = object.metadata as Record<string, unknown>;
  const fields: readonly (keyof ObjectMeta)[] = live.metadata.deletionTimestamp ? [...kept, ...keptOnceSet] : kept;
  for (const field of fields) {
    if (live.metadata[field] === undefined) delete metadata[field];
    else metadata[field] = live.metadata[field];
  }
}

function requestOf({ resource, name, namespace }: Target, call: WriteCall, object: KubeObject, old: Stored) {
  const request: AdmissionRequest = {
    operation: "UPDATE",
    resource,
    subresource: call.subresource,
    namespace,
    name,
    object,
    old,
    user: call.user,
    dryRun: call.dryRun ?? false,
    warn: call.warn ?? (() => {}),
    annotate: call.annotate,
  };
  return request;
}

/** apiVersion is the stored one in `live` and may be another version's in `object`. */
function withoutVersion(object: KubeObject, managedFields = object.metadata?.managedFields): KubeObject {
  const { apiVersion: _, metadata, ...rest } = object;
  return { ...rest, metadata: { ...metadata, managedFields, resourceVersion: undefined } };
}

/** The last finalizer of an object that waits for nothing else is gone. */
function finishesDeletion(object: KubeObject, live: Stored): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = live.metadata;
  if (!deletionTimestamp || deletionGracePeriodSeconds > 0) return false;
  const spec = object.spec as { finalizers?: unknown[] } | undefined;
  const held = object.kind === "Namespace" && (spec?.finalizers?.length ?? 0) > 0;
  return !held && (object.metadata!.finalizers?.length ?? 0) === 0;
}
