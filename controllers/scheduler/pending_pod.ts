/** Which pods are the scheduler's business, and which of their changes matter to it. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Change } from "../../runtime/loop/mod.ts";
import type { Profile } from "./profile.ts";
import { sameJson, type Stored } from "../../runtime/schema/mod.ts";

type StoredPod = Stored<IPod>;

/** Waits for a node, by one of our profiles: that. */
export function profileFor(pod: StoredPod, profiles: readonly Profile[]): Profile | undefined {
  const { nodeName, schedulerName: wanted = "default-scheduler" } = pod.spec ?? {};
  if (nodeName || isOver(pod) || pod.metadata.deletionTimestamp) return undefined;
  return profiles.find(({ schedulerName }) => schedulerName === wanted);
}

/** Its containers have ended for good: it holds nothing of its node. */
export function isOver({ status }: StoredPod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

/** Gates that are still closed (KEP-3521). */
export function isGated({ spec }: StoredPod): boolean {
  return (spec?.schedulingGates ?? []).length > 0;
}

/** What the scheduler writes itself (status) makes nothing due. */
export function isReasonToTry({ type, object, old }: Change<IPod>): boolean {
  if (type === "ADDED" || !old) return true;
  if (!sameJson(object.status?.resourceClaimStatuses, old.status?.resourceClaimStatuses)) return true;
  return !sameJson(object.spec, old.spec) || !sameJson(object.metadata.labels, old.metadata.labels);
}
