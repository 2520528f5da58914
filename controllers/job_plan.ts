/**
 * What a Job needs next and whether it has ended. Pure.
 *
 * Laws: a finished pod counts once, however often it is looked at: it is counted together with the removal of its
 * tracking finalizer's debt in `uncountedTerminatedPods`; a job that has ended starts nothing; indexes run once at a time.
 *
 * Source: Job (https://kubernetes.io/docs/concepts/workloads/controllers/job/), KEP-2307, KEP-2214.
 */
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { Stored } from "../runtime/schema/mod.ts";
import { isFinished, isGoing, type PodObject } from "./pod_state.ts";

export type JobObject = Stored<IJob>;

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const indexAnnotation = "batch.kubernetes.io/job-completion-index";

/** The first failed pod is replaced after this long, then twice as long each time, at most ten minutes. */
const firstBackOffMs = 10_000;
const longestBackOffMs = 600_000;

export interface JobWorld {
  readonly job: JobObject;
  readonly pods: readonly PodObject[];
  /** Totals with everything that has ended by now counted. */
  readonly succeeded: number;
  readonly failed: number;
  readonly doneIndexes: ReadonlySet<number>;
  readonly now: number;
}

export type JobEnd = { readonly type: "Complete" | "Failed"; readonly reason: string; readonly message: string };

/** Why the Job is over, when it is. */
export function endOf({ job, succeeded, failed, doneIndexes, pods, now }: JobWorld): JobEnd | undefined {
  const { completions, backoffLimit = 6, activeDeadlineSeconds, completionMode } = job.spec!;
  const start = Date.parse(job.status?.startTime ?? "");
  if (failed > backoffLimit) {
    return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  if (activeDeadlineSeconds !== undefined && !job.spec!.suspend && now - start >= activeDeadlineSeconds * 1000) {
    return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  }
  const complete = {
    type: "Complete" as const,
    reason: "CompletionsReached",
    message: "Reached expected number of succeeded pods",
  };
  if (completionMode === "Indexed") return doneIndexes.size >= (completions ?? 1) ? complete : undefined;
  if (completions !== undefined) return succeeded >= completions ? complete : undefined;
  // A work queue: the first success means that there is no work left, and the others end by themselves.
  return succeeded > 0 && !pods.some((pod) => !isFinished(pod)) ? complete : undefined;
}

export interface JobStep {
  /** Indexes of pods to make; -1 where the Job has no indexes. */
  readonly create: readonly number[];
  readonly remove: readonly PodObject[];
  /** Nothing may be made before this many milliseconds have passed. */
  readonly waitMs?: number;
}

export function planJob(world: JobWorld): JobStep {
  const { job, pods, succeeded, doneIndexes } = world;
  const active = pods.filter((pod) => !isFinished(pod) && !isGoing(pod));
  if (job.spec!.suspend) return { create: [], remove: active };
  const { parallelism = 1, completions, completionMode } = job.spec!;
  const left = completionMode === "Indexed"
    ? (completions ?? 1) - doneIndexes.size
    : (completions ?? Infinity) - succeeded;
  const draining = completions === undefined && succeeded > 0;
  const wanted = draining ? Math.min(parallelism, active.length) : Math.min(parallelism, left);
  if (active.length > wanted) return { create: [], remove: youngest(active).slice(0, active.length - wanted) };
  const missing = Math.max(0, wanted - active.length - pods.filter((pod) => holdsPlace(job, pod)).length);
  const waitMs = backOffMs(world);
  if (missing === 0 || waitMs > 0) return { create: [], remove: [], ...(missing > 0 ? { waitMs } : {}) };
  return { create: nextIndexes(world, missing), remove: [] };
}

/** `podReplacementPolicy: Failed` says that two must never run for one: then a pod that goes is waited for. */
function holdsPlace({ spec }: JobObject, pod: PodObject): boolean {
  return spec!.podReplacementPolicy === "Failed" && isGoing(pod) && !isFinished(pod);
}

/** It counts as failed or succeeded now; a pod that somebody deletes has failed, unless its end is waited for. */
export function hasEnded(job: JobObject, pod: PodObject): boolean {
  return isFinished(pod) || (isGoing(pod) && !holdsPlace(job, pod));
}

function youngest(pods: readonly PodObject[]): PodObject[] {
  return [...pods].sort((a, b) => (a.metadata.creationTimestamp > b.metadata.creationTimestamp ? -1 : 1));
}

function nextIndexes({ job, pods, doneIndexes }: JobWorld, count: number): number[] {
  if (job.spec!.completionMode !== "Indexed") return Array.from({ length: count }, () => -1);
  const busy = new Set(pods.filter((pod) => !hasEnded(job, pod)).map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < (job.spec!.completions ?? 1) && free.length < count; index++) {
    if (!busy.has(index) && !doneIndexes.has(index)) free.push(index);
  }
  return free;
}

export function indexOf(pod: PodObject): number {
  const index = Number(pod.metadata.annotations?.[indexAnnotation] ?? NaN);
  return Number.isInteger(index) && index >= 0 ? index : -1;
}

/** Milliseconds until the failures since the last success allow the next pod. */
function backOffMs({ pods, now }: JobWorld): number {
  const ended = pods.filter(isFinished).map((pod) => ({ failed: pod.status?.phase === "Failed", at: endedAtMs(pod) }))
    .sort((a, b) => b.at - a.at);
  const lastSuccess = ended.findIndex(({ failed }) => !failed);
  const failures = lastSuccess < 0 ? ended.length : lastSuccess;
  if (failures === 0) return 0;
  const pause = Math.min(longestBackOffMs, firstBackOffMs * 2 ** (failures - 1));
  return Math.max(0, ended[0]!.at + pause - now);
}

function endedAtMs({ metadata, status }: PodObject): number {
  const times = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  return Math.max(Date.parse(metadata.creationTimestamp), ...times.filter((time) => !Number.isNaN(time)));
}

/** `0,2-5` <-> numbers, as `completedIndexes` writes them. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const last = runs.at(-1);
    if (last && last[1] + 1 === index) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`)).join(
    ",",
  );
}

export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const [from, to = from] = part.split("-").map(Number);
    for (let index = from!; index <= to!; index++) indexes.add(index);
  }
  return indexes;
}
