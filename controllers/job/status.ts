/** Status of a Job. Pure. Source: batch/v1 JobStatus, KEP-2307, KEP-3998; reasons and messages are upstream's. */
import type { IJobStatus } from "kubernetes-models/batch/v1/JobStatus";
import { type Condition, conditionOf, timestamp, withCondition } from "../objects/conditions.ts";
import { decidedBy, type JobEnd, type JobWorld } from "./end.ts";
import { formatIndexes } from "./indexes.ts";
import { isIndexed, type Note } from "./tally.ts";
import { isActive, isFinished, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";

export interface Standing {
  readonly end?: JobEnd;
  readonly note: Note;
  /** As they are after the Job's own writes. */
  readonly pods: readonly PodObject[];
}

/** Nothing runs, and every pod is counted and let go: only then may it say `Complete` or `Failed`. */
export function isSettled({ tally }: JobWorld, pods: readonly PodObject[]): boolean {
  return tally.ended.length === 0 && pods.every(isFinished);
}

export function jobStatus(world: JobWorld, { end, note, pods }: Standing): IJobStatus {
  const { job: { spec, status }, tally, now } = world;
  const active = pods.filter(isActive);
  const succeeded = isIndexed(spec!) ? tally.completedIndexes.size : tally.settled.succeeded;
  const next: IJobStatus = {
    ...status,
    startTime: status?.startTime ?? timestamp(now),
    active: active.length || undefined,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => isGoing(pod) && !isFinished(pod)).length,
    succeeded: succeeded || undefined,
    failed: tally.settled.failed || undefined,
    uncountedTerminatedPods: note.uncounted,
    conditions: conditionsOf(world, { end, note, pods }),
  };
  if (isIndexed(spec!)) next.completedIndexes = formatIndexes(tally.completedIndexes) || undefined;
  if (spec!.backoffLimitPerIndex !== undefined) next.failedIndexes = formatIndexes(tally.failedIndexes);
  // It has not begun, or begins anew: its deadline does not run meanwhile.
  if (spec!.suspend && !end) delete next.startTime;
  if (end?.type === "Complete" && isSettled(world, pods)) next.completionTime = timestamp(now);
  return next;
}

function conditionsOf(world: JobWorld, { end, pods }: Standing): IJobStatus["conditions"] {
  const { job: { spec, status }, now } = world;
  const time = timestamp(now);
  let conditions: readonly Condition[] = status?.conditions ?? [];
  const set = (type: string, value: string, reason: string, message: string) => {
    const next = { type, status: value, reason, message, lastProbeTime: time };
    conditions = withCondition(conditions, next, { now: time });
  };
  const suspended = conditionOf(conditions, "Suspended")?.status === "True";
  if (!end && spec!.suspend && !suspended) set("Suspended", "True", "JobSuspended", "Job suspended");
  if (!end && !spec!.suspend && suspended) set("Suspended", "False", "JobResumed", "Job resumed");
  if (end) {
    set(decidedBy[end.type], "True", end.reason, end.message);
    if (isSettled(world, pods)) set(end.type, "True", end.reason, end.message);
  }
  return conditions.length > 0 ? [...conditions] as IJobStatus["conditions"] : undefined;
}
