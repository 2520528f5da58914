/**
 * Which pods a running Job makes and takes away next. Pure.
 *
 * Laws: never more pods at once than `parallelism`, nor than successes are missing; an index runs once at a time and never
 * again when it has succeeded or failed for good; never both make and take away.
 *
 * Source: Job (https://kubernetes.io/docs/concepts/workloads/controllers/job/), KEP-2214, KEP-3850, KEP-3939.
 */
import type { JobWorld } from "./end.ts";
import { indexOf } from "./indexes.ts";
import {
  failureCount,
  hasEnded,
  hasFailed,
  ignoredCountAnnotation,
  isIndexed,
  isTracked,
  waitsForEnds,
} from "./tally.ts";
import { isActive, isFinished, isGoing, type PodObject } from "../objects/pod_state.ts";
import { burst, deletionOrder } from "../replicaset/plan.ts";

/** The first failed pod is replaced after this long, then twice as long each time, at most ten minutes. */
const firstBackOffMs = 10_000;
const longestBackOffMs = 600_000;

export interface JobStep {
  /** Indexes of pods to make; -1 where the Job has no indexes. */
  readonly create: readonly number[];
  readonly remove: readonly PodObject[];
  /** More may be made after this many milliseconds. */
  readonly waitMs?: number;
}

/** `lastFailures`: by index, the failed pod that the next one replaces, where back-off is per index. */
export function planJob(world: JobWorld, lastFailures: ReadonlyMap<number, PodObject>): JobStep {
  const { job: { spec }, pods } = world;
  const active = pods.filter(isActive);
  if (spec!.suspend) return { create: [], remove: active };
  const wanted = wantedActive(world, active.length);
  const remove = surplus(world, active, wanted);
  if (remove.length > 0) return { create: [], remove: remove.slice(0, burst) };
  const going = waitsForEnds(spec!) ? pods.filter((pod) => isGoing(pod) && !isFinished(pod)).length : 0;
  const missing = Math.min(wanted - active.length - going, burst);
  return missing > 0 ? additions(world, missing, lastFailures) : { create: [], remove: [] };
}

function wantedActive({ job: { spec }, tally: { succeeded } }: JobWorld, active: number): number {
  const { parallelism = 1, completions } = spec!;
  if (completions === undefined) return succeeded > 0 ? active : parallelism;
  return Math.max(0, Math.min(parallelism, completions - succeeded));
}

/** Pods of an index that is not asked for or has another pod go in any case, then those that cost least. */
function surplus({ job: { spec }, now }: JobWorld, active: readonly PodObject[], wanted: number): PodObject[] {
  const ordered = [...active].sort(deletionOrder(new Map(), now));
  const spare = isIndexed(spec!) ? doubles(ordered, spec!.completions ?? 1) : [];
  const rest = ordered.filter((pod) => !spare.includes(pod));
  return [...spare, ...rest.slice(0, Math.max(0, active.length - wanted - spare.length))];
}

/** Of each index the last stays: it is the one whose loss would cost most. */
function doubles(ordered: readonly PodObject[], completions: number): PodObject[] {
  const best = new Map(ordered.map((pod) => [indexOf(pod, completions), pod]));
  best.delete(-1);
  return ordered.filter((pod) => best.get(indexOf(pod, completions)) !== pod);
}

function additions(world: JobWorld, missing: number, lastFailures: ReadonlyMap<number, PodObject>): JobStep {
  const { spec } = world.job;
  if (spec!.backoffLimitPerIndex !== undefined) return additionsPerIndex(world, missing, lastFailures);
  const waitMs = backOffMs(world);
  if (waitMs > 0) return { create: [], remove: [], waitMs };
  const create = isIndexed(spec!) ? pendingIndexes(world).slice(0, missing) : Array.from({ length: missing }, () => -1);
  return { create, remove: [] };
}

/** Every index has a back-off of its own: one that fails keeps no other waiting. */
function additionsPerIndex(world: JobWorld, missing: number, lastFailures: ReadonlyMap<number, PodObject>): JobStep {
  const candidates = pendingIndexes(world).slice(0, missing)
    .map((index) => ({ index, waitMs: indexBackOffMs(lastFailures.get(index), world.now) }));
  const create = candidates.filter(({ waitMs }) => waitMs === 0).map(({ index }) => index);
  const waits = candidates.filter(({ waitMs }) => waitMs > 0).map(({ waitMs }) => waitMs);
  return { create, remove: [], ...(waits.length > 0 ? { waitMs: Math.min(...waits) } : {}) };
}

function pendingIndexes({ job: { spec }, pods, tally }: JobWorld): number[] {
  const busy = new Set(pods.filter((pod) => !hasEnded(spec!, pod)).map((pod) => indexOf(pod)));
  const free = (index: number) =>
    !busy.has(index) && !tally.completedIndexes.has(index) && !tally.failedIndexes.has(index);
  return Array.from({ length: spec!.completions ?? 1 }, (_, index) => index).filter(free);
}

/** Until the failures since the last success allow the next pod. What the Job took away itself is no failure. */
function backOffMs({ job: { spec }, pods, now }: JobWorld): number {
  const ended = pods.filter((pod) => isFinished(pod) || (isTracked(pod) && hasFailed(spec!, pod)))
    .map((pod) => ({ failed: pod.status?.phase !== "Succeeded", at: endedAtMs(pod) }))
    .sort((a, b) => b.at - a.at);
  const lastSuccess = ended.findIndex(({ failed }) => !failed);
  return pauseMs(lastSuccess < 0 ? ended.length : lastSuccess, ended[0]?.at ?? 0, now);
}

function indexBackOffMs(failed: PodObject | undefined, now: number): number {
  if (!failed) return 0;
  return pauseMs(failureCount(failed) + failureCount(failed, ignoredCountAnnotation) + 1, endedAtMs(failed), now);
}

function pauseMs(failures: number, lastAt: number, now: number): number {
  if (failures === 0) return 0;
  const pause = Math.min(longestBackOffMs, firstBackOffMs * 2 ** (failures - 1));
  return Math.max(0, lastAt + pause - now);
}

/** When its last container ended; without any, when it stopped being ready, was deleted or, at the least, was made. */
function endedAtMs({ metadata, status }: PodObject): number {
  const times = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  if (times.length > 0 && !times.some(Number.isNaN)) return Math.max(...times);
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.lastTransitionTime) return Date.parse(ready.lastTransitionTime);
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, creationTimestamp } = metadata;
  return deletionTimestamp
    ? Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000
    : Date.parse(creationTimestamp);
}
