/**
 * Status of a Deployment out of its ReplicaSets: counts, and the conditions Available, Progressing and ReplicaFailure. Pure.
 *
 * Source: "Deployment status" (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status).
 */
import type { IDeploymentCondition } from "kubernetes-models/apps/v1/DeploymentCondition";
import type { IDeploymentStatus } from "kubernetes-models/apps/v1/DeploymentStatus";
import { conditionOf, timestamp, withCondition, withoutCondition } from "../objects/conditions.ts";
import type { DeploymentObject, SetObject } from "./revision.ts";
import { boundsOf } from "./rollout.ts";
import { sameJson } from "../../runtime/loop/mod.ts";

/** `progressDeadlineSeconds` at this value means none (apps/v1). */
const noDeadline = 2147483647;

export interface Rollout {
  readonly newest?: SetObject;
  readonly old: readonly SetObject[];
  /** What this reconcile did or met, as the Progressing condition tells it. */
  readonly note?: { readonly status: "True" | "False" | "Unknown"; readonly reason: string; readonly message: string };
  readonly now: number;
}

export function deploymentStatus(deployment: DeploymentObject, rollout: Rollout): IDeploymentStatus {
  const sets = rollout.newest ? [rollout.newest, ...rollout.old] : [...rollout.old];
  const status = counts(deployment, rollout.newest, sets);
  const now = timestamp(rollout.now);
  let conditions = withCondition(deployment.status?.conditions, availability(deployment, status), { now, touch: true });
  conditions = progress(deployment, { status, conditions, rollout, sets });
  conditions = replicaFailure(conditions, sets, now);
  if (conditions.length > 0) status.conditions = conditions;
  return status;
}

function counts(
  deployment: DeploymentObject,
  newest: SetObject | undefined,
  sets: readonly SetObject[],
): IDeploymentStatus {
  const add = (read: (set: SetObject) => number | undefined) => sets.reduce((sum, set) => sum + (read(set) ?? 0), 0);
  const available = add((set) => set.status?.availableReplicas);
  const status: IDeploymentStatus = {
    observedGeneration: deployment.metadata.generation,
    replicas: add((set) => set.status?.replicas) || undefined,
    updatedReplicas: newest?.status?.replicas || undefined,
    readyReplicas: add((set) => set.status?.readyReplicas) || undefined,
    availableReplicas: available || undefined,
    unavailableReplicas: Math.max(0, add((set) => set.spec?.replicas ?? 1) - available) || undefined,
    terminatingReplicas: add((set) => set.status?.terminatingReplicas) || undefined,
    collisionCount: deployment.status?.collisionCount,
  };
  return status;
}

function availability(deployment: DeploymentObject, status: IDeploymentStatus): IDeploymentCondition {
  const { replicas, maxUnavailable } = boundsOf(deployment.spec);
  const enough = (status.availableReplicas ?? 0) >= replicas - maxUnavailable;
  return enough
    ? {
      type: "Available",
      status: "True",
      reason: "MinimumReplicasAvailable",
      message: "Deployment has minimum availability.",
    }
    : {
      type: "Available",
      status: "False",
      reason: "MinimumReplicasUnavailable",
      message: "Deployment does not have minimum availability.",
    };
}

export function isComplete(deployment: DeploymentObject, status: IDeploymentStatus): boolean {
  const replicas = deployment.spec?.replicas ?? 1;
  return (status.updatedReplicas ?? 0) === replicas && (status.replicas ?? 0) === replicas &&
    (status.availableReplicas ?? 0) === replicas &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

/** More is new, ready or available than before, or less is old. */
function hasProgressed(before: IDeploymentStatus, after: IDeploymentStatus): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: IDeploymentStatus) => replicas - updatedReplicas;
  return (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) || old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0);
}

export function deadlineMs(deployment: DeploymentObject): number | undefined {
  const seconds = deployment.spec?.progressDeadlineSeconds;
  return seconds === undefined || seconds === noDeadline ? undefined : seconds * 1000;
}

interface Progress {
  readonly status: IDeploymentStatus;
  readonly conditions: IDeploymentCondition[];
  readonly rollout: Rollout;
  readonly sets: readonly SetObject[];
}

function progress(deployment: DeploymentObject, { status, conditions, rollout }: Progress): IDeploymentCondition[] {
  const deadline = deadlineMs(deployment);
  if (deadline === undefined) return withoutCondition(conditions, "Progressing");
  const next = nextProgress(deployment, { status, conditions, rollout, deadline });
  return next ? moved(conditions, next, timestamp(rollout.now)) : conditions;
}

type Note = NonNullable<Rollout["note"]>;

function nextProgress(
  deployment: DeploymentObject,
  world: { status: IDeploymentStatus; conditions: IDeploymentCondition[]; rollout: Rollout; deadline: number },
): Note | undefined {
  const { status, conditions, rollout, deadline } = world;
  const current = conditionOf(conditions, "Progressing");
  if (rollout.note) return rollout.note;
  const subject = rollout.newest
    ? `ReplicaSet "${rollout.newest.metadata.name}"`
    : `Deployment "${deployment.metadata.name}"`;
  // Of an older ReplicaSet when a crash came between the newest one and what it should have said.
  const isOfNewest = current?.reason === "NewReplicaSetAvailable" && current.message?.startsWith(subject);
  const settled = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && isOfNewest;
  if (settled || deployment.spec?.paused) return undefined;
  if (isComplete(deployment, status)) {
    return { status: "True", reason: "NewReplicaSetAvailable", message: `${subject} has successfully progressed.` };
  }
  if (hasProgressed(deployment.status ?? {}, status)) {
    return { status: "True", reason: "ReplicaSetUpdated", message: `${subject} is progressing.` };
  }
  if (!timedOut(current, rollout.now, deadline)) return undefined;
  return { status: "False", reason: "ProgressDeadlineExceeded", message: `${subject} has timed out progressing.` };
}

function timedOut(condition: IDeploymentCondition | undefined, now: number, deadline: number): boolean {
  if (!condition || condition.reason === "NewReplicaSetAvailable") return false;
  if (condition.reason === "ProgressDeadlineExceeded") return true;
  return Date.parse(condition.lastUpdateTime ?? "") + deadline < now;
}

/** Every step of progress moves `lastUpdateTime`, from which the deadline counts, even when the words stay. */
function moved(conditions: IDeploymentCondition[], note: Note, now: string): IDeploymentCondition[] {
  const next = { type: "Progressing", ...note };
  const before = conditionOf(conditions, "Progressing");
  const keeps = note.reason !== "ReplicaSetUpdated" && before &&
    sameJson([before.status, before.reason, before.message], [note.status, note.reason, note.message]);
  if (keeps) return conditions;
  const lastTransitionTime = before?.status === note.status ? before.lastTransitionTime : now;
  return [...withoutCondition(conditions, "Progressing"), { ...next, lastTransitionTime, lastUpdateTime: now }];
}

function replicaFailure(conditions: IDeploymentCondition[], sets: readonly SetObject[], now: string) {
  const failure = sets.map((set) => conditionOf(set.status?.conditions, "ReplicaFailure")).find(Boolean);
  if (!failure) return withoutCondition(conditions, "ReplicaFailure");
  const { type, status, reason, message } = failure;
  return withCondition(conditions, { type, status, reason, message }, { now, touch: true });
}
