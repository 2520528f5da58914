/**
 * How many pods to make and which to delete so that a set has its replicas. Pure.
 *
 * Laws: afterwards active + create - delete = replicas (up to the burst); never both create and delete; what serves least
 * goes first.
 *
 * Source: ReplicaSet, "Scaling down" and "Pod deletion cost"
 * (https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#scaling-a-replicaset).
 */
import { isReady, type PodObject, readySinceMs, restartCount } from "../objects/pod_state.ts";

/** Writes of one reconcile at most, so that one huge set does not starve the others. */
export const burst = 500;

export interface ReplicaPlan {
  readonly create: number;
  readonly remove: readonly PodObject[];
}

export interface ReplicaWorld {
  readonly replicas: number;
  /** The set's own active pods. */
  readonly active: readonly PodObject[];
  /** Active pods on each node of this and related sets (those of one Deployment): the fuller node gives first. */
  readonly perNode: ReadonlyMap<string, number>;
  readonly now: number;
}

export function planReplicas({ replicas, active, perNode, now }: ReplicaWorld): ReplicaPlan {
  const surplus = active.length - replicas;
  if (surplus <= 0) return { create: Math.min(-surplus, burst), remove: [] };
  const remove = [...active].sort(deletionOrder(perNode, now)).slice(0, Math.min(surplus, burst));
  return { create: 0, remove };
}

const phaseRank: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

/** First the pod whose loss costs least. Each rule decides only where the ones before it see no difference. */
export function deletionOrder(perNode: ReadonlyMap<string, number>, now: number) {
  const rules: ((pod: PodObject) => number)[] = [
    (pod) => (pod.spec?.nodeName ? 1 : 0),
    (pod) => phaseRank[pod.status?.phase ?? "Pending"] ?? 0,
    (pod) => (isReady(pod) ? 1 : 0),
    deletionCost,
    (pod) => -(perNode.get(pod.spec?.nodeName ?? "") ?? 0),
    (pod) => ageBucket(readySinceMs(pod), now),
    (pod) => -restartCount(pod),
    (pod) => ageBucket(Date.parse(pod.metadata.creationTimestamp), now),
  ];
  return (a: PodObject, b: PodObject): number => {
    for (const rule of rules) {
      const difference = rule(a) - rule(b);
      if (difference !== 0) return difference;
    }
    return a.metadata.uid < b.metadata.uid ? -1 : 1;
  };
}

/** `controller.kubernetes.io/pod-deletion-cost`; 0 where it is absent or not a number. */
function deletionCost(pod: PodObject): number {
  const cost = Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
  return Number.isInteger(cost) ? cost : 0;
}

/** Young goes before old, but only by orders of magnitude, so that the choice is not always the newest (KEP-2185). */
function ageBucket(sinceMs: number | undefined, now: number): number {
  if (sinceMs === undefined) return 0;
  return Math.floor(Math.log2(Math.max(1, now - sinceMs)));
}
