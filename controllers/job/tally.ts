/**
 * How often a Job has succeeded and failed, so that no crash makes it count a pod twice or not at all. Pure.
 *
 * A pod carries a finalizer until it is counted. Counting takes two writes of the status with the finalizer's removal
 * between them: the first notes the pod's uid in `uncountedTerminatedPods`, the second, when the finalizer is off, moves it
 * into the total. Successes of an index need no note: `completedIndexes` says the same however often it is written. A failed
 * pod of a Job with `backoffLimitPerIndex` keeps its finalizer until its successor, which carries the index's number of
 * failures in an annotation, is there.
 *
 * Law: total + noted + ended pods that still carry the finalizer and are not noted = pods that have ever ended and count.
 *
 * Source: KEP-2307 (tracking with finalizers), KEP-3850 (back-off limit per index).
 */
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { IJobSpec } from "kubernetes-models/batch/v1/JobSpec";
import type { Stored } from "../../runtime/schema/mod.ts";
import { indexOf, parseIndexes } from "./indexes.ts";
import { failureVerdict } from "./policies.ts";
import { isActive, isGoing, type PodObject } from "../objects/pod_state.ts";

export type JobObject = Stored<IJob>;

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const failureCountAnnotation = "batch.kubernetes.io/job-index-failure-count";
export const ignoredCountAnnotation = "batch.kubernetes.io/job-index-ignored-failure-count";

/** Uids noted at once, so that a status stays small. */
const notedAtMost = 500;

export interface Tally {
  /** Everything that has ended by now. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: ReadonlySet<number>;
  readonly failedIndexes: ReadonlySet<number>;
  /** Totals whose pods carry no finalizer any more. */
  readonly settled: { readonly succeeded: number; readonly failed: number };
  /** Ended pods that carry the finalizer still. */
  readonly ended: readonly PodObject[];
}

export function isTracked({ metadata }: PodObject): boolean {
  return metadata.finalizers?.includes(trackingFinalizer) ?? false;
}

export function isIndexed({ completionMode }: IJobSpec): boolean {
  return completionMode === "Indexed";
}

/** Two must never run for one: a pod that goes is waited for until it has ended. */
export function waitsForEnds({ podReplacementPolicy, podFailurePolicy }: IJobSpec): boolean {
  return podReplacementPolicy === undefined ? podFailurePolicy !== undefined : podReplacementPolicy === "Failed";
}

/** A pod that somebody deletes has failed at once, unless its end is waited for. */
export function hasFailed(spec: IJobSpec, pod: PodObject): boolean {
  if (pod.status?.phase === "Failed") return true;
  return pod.status?.phase !== "Succeeded" && isGoing(pod) && !waitsForEnds(spec);
}

export function hasEnded(spec: IJobSpec, pod: PodObject): boolean {
  return pod.status?.phase === "Succeeded" || hasFailed(spec, pod);
}

function counts(spec: IJobSpec, pod: PodObject): boolean {
  if (isIndexed(spec) && indexOf(pod, spec.completions) < 0) return false;
  return !hasFailed(spec, pod) || failureVerdict(spec, pod).action !== "Ignore";
}

export function tallyOf({ spec, status }: JobObject, pods: readonly PodObject[]): Tally {
  const tracked = pods.filter(isTracked);
  const carried = new Set(tracked.map(({ metadata }) => metadata.uid));
  const noted = status?.uncountedTerminatedPods ?? {};
  const free = (uids: readonly string[] = []) => uids.filter((uid) => !carried.has(uid)).length;
  const settled = {
    succeeded: (status?.succeeded ?? 0) + free(noted.succeeded),
    failed: (status?.failed ?? 0) + free(noted.failed),
  };
  const ended = tracked.filter((pod) => hasEnded(spec!, pod) || noted.failed?.includes(pod.metadata.uid));
  const { won, lost } = sides({ spec, status }, ended);
  const completedIndexes = parseIndexes(status?.completedIndexes, spec!.completions);
  if (isIndexed(spec!)) { for (const pod of won) completedIndexes.add(indexOf(pod)); }
  return {
    succeeded: isIndexed(spec!) ? completedIndexes.size : settled.succeeded + won.length,
    failed: settled.failed + lost.length,
    completedIndexes,
    failedIndexes: failedIndexesOf({ spec, status }, ended, completedIndexes),
    settled,
    ended,
  };
}

/** Ended pods that count, by how they are counted. What was noted as failed stays so, whatever it became later. */
function sides({ spec, status }: Pick<JobObject, "spec" | "status">, ended: readonly PodObject[]) {
  const notedFailed = new Set(status?.uncountedTerminatedPods?.failed ?? []);
  const isLost = (pod: PodObject) => notedFailed.has(pod.metadata.uid) || hasFailed(spec!, pod);
  const counted = ended.filter((pod) => notedFailed.has(pod.metadata.uid) || counts(spec!, pod));
  return { won: counted.filter((pod) => !isLost(pod)), lost: counted.filter(isLost) };
}

function failedIndexesOf(
  { spec, status }: Pick<JobObject, "spec" | "status">,
  ended: readonly PodObject[],
  completed: ReadonlySet<number>,
): Set<number> {
  const failed = parseIndexes(status?.failedIndexes, spec!.completions);
  if (spec!.backoffLimitPerIndex === undefined) return failed;
  for (const pod of ended) {
    const index = indexOf(pod, spec!.completions);
    if (index >= 0 && hasFailed(spec!, pod) && failsIndex(spec!, pod)) failed.add(index);
  }
  return failed.difference(completed);
}

function failsIndex(spec: IJobSpec, pod: PodObject): boolean {
  const { action } = failureVerdict(spec, pod);
  if (action === "FailIndex") return true;
  return action !== "Ignore" && failureCount(pod) >= spec.backoffLimitPerIndex!;
}

/** Failures of its index before this pod. */
export function failureCount({ metadata }: PodObject, annotation = failureCountAnnotation): number {
  const count = Number(metadata.annotations?.[annotation] ?? 0);
  return Number.isInteger(count) ? count : 0;
}

/** By index, the failed pod whose count the next pod must take over. */
export function lastFailures({ spec }: JobObject, pods: readonly PodObject[], tally: Tally): Map<number, PodObject> {
  const last = new Map<number, PodObject>();
  if (spec!.backoffLimitPerIndex === undefined) return last;
  const taken = new Set(pods.filter(isActive).map((pod) => indexOf(pod)));
  const all = (pod: PodObject) => failureCount(pod) + failureCount(pod, ignoredCountAnnotation);
  for (const pod of tally.ended.filter((pod) => hasFailed(spec!, pod))) {
    const index = indexOf(pod, spec!.completions);
    if (index < 0 || taken.has(index) || tally.completedIndexes.has(index) || tally.failedIndexes.has(index)) continue;
    const before = last.get(index);
    if (!before || all(before) <= all(pod)) last.set(index, pod);
  }
  return last;
}

export interface Note {
  readonly uncounted: { succeeded?: string[]; failed?: string[] };
  /** May lose their finalizer as soon as the note is written. */
  readonly release: readonly PodObject[];
}

/** `kept`: pods whose finalizer is still needed. */
export function noteOf({ spec, status }: JobObject, tally: Tally, kept: ReadonlySet<PodObject>): Note {
  const release = tally.ended.filter((pod) => !kept.has(pod)).slice(0, notedAtMost);
  const { won, lost } = sides({ spec, status }, release);
  const uids = (pods: readonly PodObject[]) => pods.map(({ metadata }) => metadata.uid);
  const succeeded = isIndexed(spec!) ? [] : uids(won);
  const failed = uids(lost);
  return {
    uncounted: { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) },
    release,
  };
}
