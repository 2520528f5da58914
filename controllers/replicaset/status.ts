/** Status of a ReplicaSet or ReplicationController out of its pods. Pure. Source: apps/v1 ReplicaSetStatus. */
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { type Condition, conditionOf, timestamp, withCondition, withoutCondition } from "../objects/conditions.ts";
import { isActive, isAvailable, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";
import { messageOf } from "../objects/pod_template.ts";
import { sameJson } from "../../runtime/loop/mod.ts";

export interface ReplicaStatus {
  replicas: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  terminatingReplicas?: number;
  observedGeneration?: number;
  conditions?: Condition[];
}

/** What ReplicaSet and ReplicationController have in common. */
export interface ReplicaOwner {
  spec?: { replicas?: number; minReadySeconds?: number; template?: IPodTemplateSpec };
  status?: ReplicaStatus;
}

export interface Failure {
  readonly reason: string;
  readonly error: unknown;
}

interface Seen {
  readonly claimed: readonly PodObject[];
  readonly failure?: Failure;
  readonly now: number;
}

/** Zero counts are left out, as the API leaves them out; `replicas` always stands. */
export function replicaStatus(
  object: ReplicaOwner & { metadata: { generation?: number } },
  { claimed, failure, now }: Seen,
): ReplicaStatus {
  const active = claimed.filter(isActive);
  const labels = object.spec?.template?.metadata?.labels ?? {};
  const minReadySeconds = object.spec?.minReadySeconds ?? 0;
  const count = (test: (pod: PodObject) => boolean) => active.filter(test).length || undefined;
  const status: ReplicaStatus = {
    replicas: active.length,
    fullyLabeledReplicas: count((pod) => carries(pod, labels)),
    readyReplicas: count(isReady),
    availableReplicas: count((pod) => isAvailable(pod, minReadySeconds, now)),
    terminatingReplicas: claimed.filter(isGoing).length || undefined,
    observedGeneration: object.metadata.generation,
  };
  const conditions = failureConditions(object.status?.conditions, failure, timestamp(now));
  if (conditions.length > 0) status.conditions = conditions;
  if (object.status?.terminatingReplicas === 0) status.terminatingReplicas ??= 0;
  return status;
}

function carries(pod: PodObject, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([name, value]) => sameJson(pod.metadata.labels?.[name], value));
}

/** A message names a pod that was never made: another name is no news, and writing it would make the set due again. */
function failureConditions(before: Condition[] | undefined, failure: Failure | undefined, now: string): Condition[] {
  if (!failure) return withoutCondition(before, "ReplicaFailure");
  const { reason, error } = failure;
  const known = conditionOf(before, "ReplicaFailure");
  if (before && known?.status === "True" && known.reason === reason) return before;
  const next = { type: "ReplicaFailure", status: "True", reason, message: messageOf(error) };
  return withCondition(before, next, { now });
}
