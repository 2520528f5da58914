/**
 * StatefulSet: pods with names, disks and an order of their own.
 *
 * Not done yet: `persistentVolumeClaimRetentionPolicy: Delete` (claims always stay), `maxUnavailable` above one.
 */
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IStatefulSetStatus } from "kubernetes-models/apps/v1/StatefulSetStatus";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPod } from "kubernetes-models/v1/Pod";
import {
  ControllerRevision,
  isReason,
  PersistentVolumeClaim,
  Pod,
  StatefulSet,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  done,
  type Outcome,
  reads,
  requeueAfter,
  type Scope,
} from "../runtime/loop/mod.ts";
import {
  forgetRevisions,
  hashOf,
  revisionLabel,
  type RevisionObject,
  type Revisions,
  revisionsOf,
} from "./controller_revisions.ts";
import { claim } from "./ownership.ts";
import { availableInMs, isAvailable, isGoing, isReady, type PodObject } from "./pod_state.ts";
import { createPod, deletePod, podOf } from "./pod_template.ts";
import { selectedBy } from "./selected_by.ts";
import { labelSelectorOf } from "./selectors.ts";
import { ordinalOf, planStateful, type StatefulWorld } from "./statefulset_plan.ts";

type StatefulSetObject = Stored<IStatefulSet>;

export const statefulSets: Controller = controller(StatefulSet, {
  name: "statefulset",
  owns: [ControllerRevision],
  watches: [selectedBy(Pod, StatefulSet, labelSelectorOf), reads(PersistentVolumeClaim)],
  async reconcile(key, scope): Promise<Outcome> {
    const object = scope.read(key);
    if (!object?.spec) return done;
    const candidates = scope.informers.of(Pod).list(object.metadata.namespace)
      .filter((pod) => ordinalOf(object.metadata.name, pod) >= 0);
    const matches = labelSelectorOf(object);
    const pods = await claim({ ownerKind: StatefulSet, owner: object, kind: Pod, matches, candidates }, scope);
    return await bringIntoLine(object, pods, scope);
  },
});

async function bringIntoLine(
  object: StatefulSetObject,
  pods: readonly PodObject[],
  scope: Scope<IStatefulSet>,
): Promise<Outcome> {
  const revisions = await revisionsOf({ kind: StatefulSet, object }, scope);
  const hash = hashOf(revisions.newest);
  const isCurrent = (pod: PodObject) => pod.metadata.labels?.[revisionLabel] === hash;
  const now = scope.clock.now();
  const world: StatefulWorld = { name: object.metadata.name, spec: object.spec!, pods, isCurrent, now };
  if (!isGoing(object)) await step(object, { world, revisions }, scope);
  await scope.status(object, statusOf(object, world, revisions));
  const waits = pods.map((pod) => availableInMs(pod, object.spec!.minReadySeconds ?? 0, now) ?? 0).filter((wait) =>
    wait > 0
  );
  return waits.length > 0 ? requeueAfter(Math.min(...waits)) : done;
}

interface Step {
  readonly world: StatefulWorld;
  readonly revisions: Revisions;
}

async function step(object: StatefulSetObject, { world, revisions }: Step, scope: Scope<IStatefulSet>): Promise<void> {
  const owner = { kind: StatefulSet, object };
  const plan = planStateful(world);
  await Promise.all(plan.remove.map((pod) => deletePod(owner, pod, scope)));
  for (const ordinal of plan.create) {
    await ensureClaims(object, ordinal, scope);
    await createNamed(
      owner,
      statefulPod(object, { ordinal, revision: revisionFor(object, ordinal, revisions) }),
      scope,
    );
  }
  const { currentRevision } = object.status ?? {};
  const current = revisions.all.find(({ metadata }) => metadata.name === currentRevision);
  const inUse = new Set([
    ...world.pods.map((pod) => pod.metadata.labels?.[revisionLabel] ?? ""),
    current ? hashOf(current) : "",
  ]);
  await forgetRevisions(revisions, { limit: object.spec!.revisionHistoryLimit, inUse }, scope);
}

/** The name is the ordinal's: a pod that has it already is the one that was meant, or must go first. */
async function createNamed(
  owner: { kind: typeof StatefulSet; object: StatefulSetObject },
  pod: IPod,
  scope: Scope<IStatefulSet>,
) {
  try {
    await createPod(owner, pod, scope);
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}

/** Below the partition a pod that is lost comes back as it was. */
function revisionFor({ spec, status }: StatefulSetObject, ordinal: number, { newest, all }: Revisions): RevisionObject {
  const partition = spec!.updateStrategy?.rollingUpdate?.partition ?? 0;
  const before = all.find(({ metadata }) => metadata.name === status?.currentRevision);
  return ordinal < partition && before ? before : newest;
}

function statefulPod(
  object: StatefulSetObject,
  { ordinal, revision }: { ordinal: number; revision: RevisionObject },
): IPod {
  const kept = revision.data as { spec: { template: NonNullable<IStatefulSet["spec"]>["template"] } };
  const { $patch: _patch, ...template } = kept.spec.template as typeof kept.spec.template & { $patch?: string };
  const pod = podOf({ kind: StatefulSet, object }, template);
  const name = `${object.metadata.name}-${ordinal}`;
  delete pod.metadata!.generateName;
  pod.metadata!.name = name;
  pod.metadata!.labels = {
    ...pod.metadata!.labels,
    "statefulset.kubernetes.io/pod-name": name,
    "apps.kubernetes.io/pod-index": String(ordinal),
    [revisionLabel]: hashOf(revision),
  };
  const claims = object.spec!.volumeClaimTemplates ?? [];
  const volumes = claims.map(({ metadata }) => ({
    name: metadata!.name!,
    persistentVolumeClaim: { claimName: claimName(metadata!.name!, name) },
  }));
  const others = (pod.spec!.volumes ?? []).filter((volume) => !volumes.some((one) => one.name === volume.name));
  if (volumes.length + others.length > 0) pod.spec!.volumes = [...others, ...volumes];
  pod.spec!.hostname = name;
  if (object.spec!.serviceName) pod.spec!.subdomain = object.spec!.serviceName;
  return pod;
}

function claimName(template: string, pod: string): string {
  return `${template}-${pod}`;
}

async function ensureClaims(
  object: StatefulSetObject,
  ordinal: number,
  { informers, apply }: Scope<IStatefulSet>,
): Promise<void> {
  const { namespace, name } = object.metadata;
  for (const template of object.spec!.volumeClaimTemplates ?? []) {
    const named = claimName(template.metadata!.name!, `${name}-${ordinal}`);
    if (informers.of(PersistentVolumeClaim).get(`${namespace}/${named}`)) continue;
    const labels = { ...template.metadata!.labels, ...object.spec!.selector.matchLabels };
    const { annotations } = template.metadata!;
    const metadata = { name: named, namespace, labels, ...(annotations ? { annotations } : {}) };
    const claim: IPersistentVolumeClaim = {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata,
      spec: template.spec,
    };
    try {
      await apply([creating(PersistentVolumeClaim, claim)]);
    } catch (error) {
      if (!isReason(error, "AlreadyExists")) throw error;
    }
  }
}

/** `currentRevision` moves on when every pod has arrived at the newest. */
function statusOf(object: StatefulSetObject, world: StatefulWorld, { newest, all }: Revisions): IStatefulSetStatus {
  const { pods, isCurrent, now, spec } = world;
  const alive = pods.filter((pod) => !isGoing(pod));
  const replicas = spec.replicas ?? 1;
  const updated = alive.filter(isCurrent).length;
  const arrived = updated === replicas && alive.length === replicas && alive.every(isReady);
  const before = all.find(({ metadata }) => metadata.name === object.status?.currentRevision);
  const current = arrived || !before ? newest : before;
  const onCurrent = alive.filter((pod) => pod.metadata.labels?.[revisionLabel] === hashOf(current)).length;
  return {
    ...object.status,
    observedGeneration: object.metadata.generation,
    replicas: pods.length,
    readyReplicas: alive.filter(isReady).length || undefined,
    availableReplicas: alive.filter((pod) => isAvailable(pod, spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: onCurrent || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: current.metadata.name,
    updateRevision: newest.metadata.name,
    collisionCount: object.status?.collisionCount ?? 0,
  };
}
