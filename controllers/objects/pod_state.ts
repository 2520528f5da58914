/**
 * What a pod's status means to the loops that count pods. Pure; `now` is milliseconds since the epoch.
 *
 * Source: "Pod Lifecycle" (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/), apps/v1 `minReadySeconds`.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Stored } from "../../runtime/schema/mod.ts";

export type PodObject = Stored<IPod>;

/** Its containers have ended and none of them will start again. */
export function isFinished(pod: PodObject): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isGoing(object: { metadata: { deletionTimestamp?: string } }): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Counts as a replica: neither finished nor on its way out. */
export function isActive(pod: PodObject): boolean {
  return !isFinished(pod) && !isGoing(pod);
}

function readyCondition(pod: PodObject) {
  return pod.status?.conditions?.find((condition) => condition.type === "Ready");
}

export function isReady(pod: PodObject): boolean {
  return readyCondition(pod)?.status === "True";
}

/** When it became ready; `undefined` while it is not. */
export function readySinceMs(pod: PodObject): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== "True") return undefined;
  return Date.parse(condition.lastTransitionTime ?? pod.metadata.creationTimestamp);
}

/** Milliseconds until a ready pod has been so for `minReadySeconds`: 0 when available, `undefined` when not ready. */
export function availableInMs(pod: PodObject, minReadySeconds: number, now: number): number | undefined {
  const since = readySinceMs(pod);
  if (since === undefined) return undefined;
  return minReadySeconds === 0 ? 0 : Math.max(0, since + minReadySeconds * 1000 - now);
}

export function isAvailable(pod: PodObject, minReadySeconds: number, now: number): boolean {
  return availableInMs(pod, minReadySeconds, now) === 0;
}

/** The sum over its containers. */
export function restartCount(pod: PodObject): number {
  return (pod.status?.containerStatuses ?? []).reduce((sum, container) => sum + container.restartCount, 0);
}
