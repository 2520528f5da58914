/** StatefulSet: pods with names, disks and an order of their own. */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import {
  ControllerRevision,
  isReason,
  keyOf,
  type OwnerReference,
  PersistentVolumeClaim,
  Pod,
  refOf,
  StatefulSet,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  deleting,
  done,
  mapped,
  type Outcome,
  ownedBy,
  patching,
  requeueAfter,
  type Scope,
  seen,
} from "../runtime/loop/mod.ts";
import {
  forgetRevisions,
  revisionLabel,
  type RevisionObject,
  type Revisions,
  revisionsOf,
} from "./objects/controller_revisions.ts";
import { claim, claimable } from "./objects/ownership.ts";
import { availableInMs, isFinished, isGoing, type PodObject } from "./objects/pod_state.ts";
import { about, isNamespaceTerminating, messageOf } from "./objects/pod_template.ts";
import { selectedBy } from "./objects/selected_by.ts";
import { labelSelectorOf } from "./objects/selectors.ts";
import {
  claimNames,
  claimsOf,
  isStaleClaim,
  ownersOfClaim,
  podName,
  type StatefulSetObject,
} from "./statefulset/claims.ts";
import { ordinalOf, ordinalRange, partitionOf, planStateful, type StatefulWorld } from "./statefulset/plan.ts";
import { identityLabels, statefulPod } from "./statefulset/pod.ts";
import { currentRevisionOf, statefulStatus } from "./statefulset/status.ts";

export const statefulSets: Controller = controller(StatefulSet, {
  name: "statefulset",
  owns: [ControllerRevision],
  watches: [selectedBy(Pod, StatefulSet, labelSelectorOf), goneClaims()],
  async reconcile(key, scope): Promise<Outcome> {
    const object = scope.read(key);
    if (!object?.spec) return done;
    const candidates = claimable(scope.informers.of(Pod), object)
      .filter((pod) => ordinalOf(object.metadata.name, pod) >= 0);
    const matches = labelSelectorOf(object);
    const pods = await claim({ ownerKind: StatefulSet, owner: object, kind: Pod, matches, candidates }, scope);
    return await bringIntoLine(object, pods, scope);
  },
});

/** A claim that goes may be one that a pod waits for. */
function goneClaims() {
  return mapped(PersistentVolumeClaim, ({ metadata: { namespace, name } }, { informers }) => {
    const sets = informers.of(StatefulSet).list(namespace);
    return sets.filter(({ metadata }) => name.includes(`-${metadata.name}-`)).map(keyOf);
  }, { when: ({ type }) => type === "DELETED" });
}

async function bringIntoLine(
  object: StatefulSetObject,
  pods: readonly PodObject[],
  scope: Scope<IStatefulSet>,
): Promise<Outcome> {
  const revisions = await revisionsOf({ kind: StatefulSet, object }, scope);
  const { name } = revisions.newest.metadata;
  const isCurrent = (pod: PodObject) => pod.metadata.labels?.[revisionLabel] === name;
  const now = scope.clock.now();
  const world: StatefulWorld = { name: object.metadata.name, spec: object.spec!, pods, isCurrent, now };
  if (!isGoing(object)) await step(object, { world, revisions }, scope);
  // As they are after the loop's own writes.
  const present = ownedBy(scope.informers.of(Pod), object).filter((pod) => ordinalOf(world.name, pod) >= 0);
  await scope.status(object, statefulStatus(object, { pods: present, revisions, now }));
  if (!isGoing(object)) await forget(object, { pods: present, revisions }, scope);
  const minReady = object.spec!.minReadySeconds ?? 0;
  const waits = present.map((pod) => availableInMs(pod, minReady, now) ?? 0).filter((wait) => wait > 0);
  return waits.length > 0 ? requeueAfter(Math.min(...waits)) : done;
}

interface Step {
  readonly world: StatefulWorld;
  readonly revisions: Revisions;
}

async function step(object: StatefulSetObject, { world, revisions }: Step, scope: Scope<IStatefulSet>): Promise<void> {
  await mend(object, world.pods, scope);
  const plan = planStateful(world);
  await Promise.all(plan.remove.map((pod) => deleteNamed(object, pod, scope)));
  await Promise.all(plan.create.map((ordinal) => {
    return createNamed(object, ordinal, revisionFor(object, ordinal, revisions), scope);
  }));
}

/** Claims get the owners that the policy wants, before pods go; adopted pods get the labels of their ordinal. */
async function mend(object: StatefulSetObject, pods: readonly PodObject[], scope: Scope<IStatefulSet>): Promise<void> {
  const { name, namespace } = object.metadata;
  for (const pod of pods) {
    const ordinal = ordinalOf(name, pod);
    for (const named of claimNames(object, ordinal)) {
      const claim = scope.informers.of(PersistentVolumeClaim).get(`${namespace}/${named}`);
      const owners = claim && ownersOfClaim(object, claim, { ordinal, pod });
      if (claim && owners) await setOwners(claim, owners, scope);
    }
    const labels = identityLabels(object, ordinal);
    if (isGoing(pod) || Object.entries(labels).every(([label, value]) => pod.metadata.labels?.[label] === value)) {
      continue;
    }
    await scope.apply([patching(Pod, refOf(keyOf(pod)), { type: "merge", body: { metadata: { labels } } })]);
  }
}

async function setOwners(
  { metadata }: Stored<IPersistentVolumeClaim>,
  owners: OwnerReference[],
  { apply }: Scope<IStatefulSet>,
): Promise<void> {
  const { uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, ownerReferences: owners.map((owner) => ({ ...owner })) } };
  await apply([patching(PersistentVolumeClaim, refOf(keyOf({ metadata })), { type: "merge", body })]);
}

/** Below the partition a pod that is lost comes back as it was. */
function revisionFor(object: StatefulSetObject, ordinal: number, revisions: Revisions): RevisionObject {
  const rolls = object.spec!.updateStrategy?.type !== "OnDelete";
  return rolls && ordinal < partitionOf(object.spec!) ? currentRevisionOf(object, revisions) : revisions.newest;
}

async function createNamed(
  object: StatefulSetObject,
  ordinal: number,
  revision: RevisionObject,
  scope: Scope<IStatefulSet>,
): Promise<void> {
  const { client, recorder, informers } = scope;
  const { name: set, namespace } = object.metadata;
  const name = podName(object, ordinal);
  const claims = informers.of(PersistentVolumeClaim);
  // Its deletion makes the set due again.
  if (claimNames(object, ordinal).some((one) => isStaleClaim(object, claims.get(`${namespace}/${one}`), ordinal))) {
    return;
  }
  await createClaims(object, ordinal, scope);
  const said = about({ kind: StatefulSet, object });
  const what = `create Pod ${name} in StatefulSet ${set}`;
  try {
    const created = await client.create(Pod, statefulPod(object, ordinal, revision));
    recorder.event(said, "Normal", "SuccessfulCreate", `${what} successful`);
    await seen(Pod, created, scope);
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    // The name is the ordinal's: who has it must go first.
    if (isReason(error, "AlreadyExists")) throw error;
    recorder.event(said, "Warning", "FailedCreate", `${what} failed error: ${messageOf(error)}`);
    throw error;
  }
}

async function createClaims(object: StatefulSetObject, ordinal: number, scope: Scope<IStatefulSet>): Promise<void> {
  const { namespace, name: set } = object.metadata;
  for (const wanted of claimsOf(object, ordinal)) {
    const { name } = wanted.metadata!;
    if (scope.informers.of(PersistentVolumeClaim).get(`${namespace}/${name}`)) continue;
    try {
      await scope.apply([creating(PersistentVolumeClaim, wanted)]);
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
      continue;
    }
    const message = `create Claim ${name} Pod ${podName(object, ordinal)} in StatefulSet ${set} success`;
    scope.recorder.event(about({ kind: StatefulSet, object }), "Normal", "SuccessfulCreate", message);
  }
}

async function deleteNamed(object: StatefulSetObject, pod: PodObject, scope: Scope<IStatefulSet>): Promise<void> {
  const { recorder, apply } = scope;
  const { uid, name } = pod.metadata;
  const { name: set, namespace } = object.metadata;
  const { first, end } = ordinalRange(object.spec!);
  const said = about({ kind: StatefulSet, object });
  const ordinal = ordinalOf(set, pod);
  if (isFinished(pod) && ordinal >= first && ordinal < end) tellEnd(object, pod, scope);
  const what = `delete Pod ${name} in StatefulSet ${set}`;
  try {
    await apply([deleting(Pod, { namespace, name }, { preconditions: { uid } })]);
    recorder.event(said, "Normal", "SuccessfulDelete", `${what} successful`);
  } catch (error) {
    if (isReason(error, "Conflict")) return;
    recorder.event(said, "Warning", "FailedDelete", `${what} failed error: ${messageOf(error)}`);
    throw error;
  }
}

function tellEnd(object: StatefulSetObject, { metadata, status }: PodObject, { recorder }: Scope<IStatefulSet>): void {
  const { namespace, name } = object.metadata;
  const said = about({ kind: StatefulSet, object });
  const what = (how: string) => `StatefulSet ${namespace}/${name} is recreating ${how} Pod ${metadata.name}`;
  if (status?.phase === "Failed") recorder.event(said, "Warning", "RecreatingFailedPod", what("failed"));
  else recorder.event(said, "Normal", "RecreatingTerminatedPod", what("terminated"));
}

async function forget(
  object: StatefulSetObject,
  { pods, revisions }: { pods: readonly PodObject[]; revisions: Revisions },
  scope: Scope<IStatefulSet>,
): Promise<void> {
  const carried = new Set(pods.map((pod) => pod.metadata.labels?.[revisionLabel]));
  const current = currentRevisionOf(object, revisions);
  const inUse = (revision: RevisionObject) => revision === current || carried.has(revision.metadata.name);
  await forgetRevisions(revisions, { limit: object.spec!.revisionHistoryLimit, inUse }, scope);
}
