/** Status of a StatefulSet. Pure. Source: apps/v1 StatefulSetStatus. */
import type { IStatefulSetStatus } from "kubernetes-models/apps/v1/StatefulSetStatus";
import { revisionLabel, type RevisionObject, type Revisions } from "../objects/controller_revisions.ts";
import { isAvailable, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";
import type { StatefulSetObject } from "./claims.ts";

/** What pods had before the present update; the newest, when there is no update or what they had is forgotten. */
export function currentRevisionOf({ status }: StatefulSetObject, { newest, all }: Revisions): RevisionObject {
  return all.find(({ metadata }) => metadata.name === status?.currentRevision) ?? newest;
}

/** Pods that go count in `replicas`, `readyReplicas` and `availableReplicas` as long as they are there. */
export function statefulStatus(
  object: StatefulSetObject,
  { pods, revisions, now }: { pods: readonly PodObject[]; revisions: Revisions; now: number },
): IStatefulSetStatus {
  const { spec, status, metadata } = object;
  const { newest } = revisions;
  const before = currentRevisionOf(object, revisions);
  const ready = pods.filter((pod) => pod.status?.phase === "Running" && isReady(pod));
  const carrying = ({ metadata: { name } }: RevisionObject) =>
    pods.filter((pod) => !isGoing(pod) && pod.metadata.labels?.[revisionLabel] === name).length;
  const updated = carrying(newest);
  const rolls = spec!.updateStrategy?.type !== "OnDelete";
  const arrived = rolls && updated === (spec!.replicas ?? 1) && pods.length === updated && ready.length === updated;
  const current = arrived ? newest : before;
  return {
    ...status,
    observedGeneration: metadata.generation,
    replicas: pods.length,
    readyReplicas: ready.length || undefined,
    availableReplicas: ready.filter((pod) => isAvailable(pod, spec!.minReadySeconds ?? 0, now)).length,
    currentReplicas: carrying(current) || undefined,
    updatedReplicas: updated || undefined,
    currentRevision: current.metadata.name,
    updateRevision: newest.metadata.name,
    collisionCount: status?.collisionCount ?? 0,
  };
}
