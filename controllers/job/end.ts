/**
 * Whether a Job is over, and why. Pure.
 *
 * A Job ends in two steps (KEP-3998): `FailureTarget` or `SuccessCriteriaMet` says that its fate is decided, `Failed` or
 * `Complete` that nothing of it runs any more. Law: a fate that stands is never reconsidered.
 */
import type { Condition } from "../objects/conditions.ts";
import { conditionOf } from "../objects/conditions.ts";
import { failureVerdict, successOf } from "./policies.ts";
import { hasFailed, isIndexed, type JobObject, type Tally } from "./tally.ts";
import { isActive, isFinished, type PodObject } from "../objects/pod_state.ts";

export interface JobWorld {
  readonly job: JobObject;
  readonly pods: readonly PodObject[];
  readonly tally: Tally;
  readonly now: number;
}

export interface JobEnd {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

export const decidedBy = { Complete: "SuccessCriteriaMet", Failed: "FailureTarget" } as const;

export function isOver({ status }: JobObject): boolean {
  return ["Complete", "Failed"].some((type) => conditionOf(status?.conditions, type)?.status === "True");
}

/** In upstream's order: the first that has something to say decides. */
const judges: readonly ((world: JobWorld) => JobEnd | undefined)[] = [
  decidedBefore,
  byFailurePolicy,
  byBackOffLimit,
  byDeadline,
  byFailedIndexes,
  bySuccessPolicy,
  byCompletions,
];

export function endOf(world: JobWorld): JobEnd | undefined {
  for (const judge of judges) {
    const end = judge(world);
    if (end) return end;
  }
  return undefined;
}

function failed(reason: string, message: string): JobEnd {
  return { type: "Failed", reason, message };
}

function decidedBefore({ job }: JobWorld): JobEnd | undefined {
  for (const type of ["Complete", "Failed"] as const) {
    const condition: Condition | undefined = conditionOf(job.status?.conditions, decidedBy[type]);
    if (condition?.status === "True") {
      return { type, reason: condition.reason ?? "", message: condition.message ?? "" };
    }
  }
  return undefined;
}

function byFailurePolicy({ job: { spec }, pods }: JobWorld): JobEnd | undefined {
  if (!spec!.podFailurePolicy) return undefined;
  for (const pod of pods.filter((pod) => hasFailed(spec!, pod))) {
    const { message } = failureVerdict(spec!, pod);
    if (message !== undefined) return failed("PodFailurePolicy", message);
  }
  return undefined;
}

function byBackOffLimit({ job: { spec }, pods, tally }: JobWorld): JobEnd | undefined {
  const limit = spec!.backoffLimit ?? 6;
  const restarts = spec!.template.spec?.restartPolicy === "OnFailure" ? allRestarts(pods) : 0;
  if (tally.failed <= limit && (restarts === 0 || restarts < limit)) return undefined;
  return failed("BackoffLimitExceeded", "Job has reached the specified backoff limit");
}

/** Restarts in place count as failures do. */
function allRestarts(pods: readonly PodObject[]): number {
  const statuses = pods.filter((pod) => !isFinished(pod)).flatMap(({ status }) => [
    ...status?.initContainerStatuses ?? [],
    ...status?.containerStatuses ?? [],
  ]);
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

function byDeadline({ job, now }: JobWorld): JobEnd | undefined {
  if (deadlineInMs(job, now) !== 0) return undefined;
  return failed("DeadlineExceeded", "Job was active longer than specified deadline");
}

/** Until `activeDeadlineSeconds` are over; undefined where that does not apply. */
export function deadlineInMs({ spec, status }: JobObject, now: number): number | undefined {
  if (spec!.activeDeadlineSeconds === undefined || spec!.suspend || !status?.startTime) return undefined;
  return Math.max(0, Date.parse(status.startTime) + spec!.activeDeadlineSeconds * 1000 - now);
}

function byFailedIndexes({ job: { spec }, tally: { failedIndexes, completedIndexes } }: JobWorld): JobEnd | undefined {
  const { backoffLimitPerIndex, maxFailedIndexes = Infinity, completions = 0 } = spec!;
  if (backoffLimitPerIndex === undefined || failedIndexes.size === 0) return undefined;
  if (failedIndexes.size > maxFailedIndexes) {
    return failed("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  }
  if (failedIndexes.size + completedIndexes.size < completions) return undefined;
  return failed("FailedIndexes", "Job has failed indexes");
}

function bySuccessPolicy({ job: { spec }, tally }: JobWorld): JobEnd | undefined {
  const message = isIndexed(spec!) ? successOf(spec!, tally.completedIndexes) : undefined;
  return message === undefined ? undefined : { type: "Complete", reason: "SuccessPolicy", message };
}

/** Without `completions` one success says that there is no work left; what still runs may end by itself. */
function byCompletions({ job: { spec }, pods, tally: { succeeded } }: JobWorld): JobEnd | undefined {
  if (succeeded < (spec!.completions ?? 1) || pods.some(isActive)) return undefined;
  return { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
}
