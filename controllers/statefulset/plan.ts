/**
 * What a StatefulSet does next, one pod after another. Pure.
 *
 * Laws: one pod an ordinal, never two; in order, none is made before its predecessors are available, none taken away before
 * its successors are gone, and a pod that is not well halts everything; an update goes from the highest ordinal down to the
 * partition, with no more pods away than `maxUnavailable`.
 *
 * Source: StatefulSet (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/), KEP-961 (maxUnavailable),
 * KEP-3335 (start ordinal).
 */
import type { IStatefulSetSpec } from "kubernetes-models/apps/v1/StatefulSetSpec";
import { resolveCount } from "../deployment/rollout.ts";
import { isAvailable, isFinished, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";

export interface StatefulWorld {
  readonly name: string;
  readonly spec: IStatefulSetSpec;
  readonly pods: readonly PodObject[];
  readonly isCurrent: (pod: PodObject) => boolean;
  readonly now: number;
}

export interface StatefulPlan {
  /** Ordinals of pods to make. */
  readonly create: readonly number[];
  readonly remove: readonly PodObject[];
}

interface Slot {
  readonly ordinal: number;
  readonly pod?: PodObject;
}

const nothing: StatefulPlan = { create: [], remove: [] };

/** Of a pod of this set; -1 where the name says none. */
export function ordinalOf(name: string, pod: PodObject): number {
  const text = pod.metadata.name;
  if (!text.startsWith(`${name}-`)) return -1;
  const ordinal = text.slice(name.length + 1);
  return /^\d+$/.test(ordinal) ? Number(ordinal) : -1;
}

/** Ordinals that the set should have: from the first up to, and without, the end. */
export function ordinalRange({ ordinals, replicas = 1 }: IStatefulSetSpec): { first: number; end: number } {
  const first = ordinals?.start ?? 0;
  return { first, end: first + replicas };
}

/** Ordinals from here on follow an update. */
export function partitionOf(spec: IStatefulSetSpec): number {
  return ordinalRange(spec).first + (spec.updateStrategy?.rollingUpdate?.partition ?? 0);
}

/** Ready, running and staying. */
export function isHealthy(pod: PodObject): boolean {
  return pod.status?.phase === "Running" && isReady(pod) && !isGoing(pod);
}

export function planStateful(world: StatefulWorld): StatefulPlan {
  const { name, spec, pods } = world;
  const { first, end } = ordinalRange(spec);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(name, pod), pod]));
  const slots = Array.from({ length: end - first }, (_, index): Slot => {
    return { ordinal: first + index, pod: byOrdinal.get(first + index) };
  });
  const surplus = [...byOrdinal].filter(([ordinal]) => ordinal < first || ordinal >= end).sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  return spec.podManagementPolicy === "Parallel" ? together(world, slots, surplus) : inOrder(world, slots, surplus);
}

function together(world: StatefulWorld, slots: readonly Slot[], surplus: readonly PodObject[]): StatefulPlan {
  const create = slots.filter(({ pod }) => !pod).map(({ ordinal }) => ordinal);
  const ended = slots.map(({ pod }) => pod).filter((pod) => pod !== undefined && isFinished(pod)) as PodObject[];
  if (ended.length > 0) return { create, remove: ended.filter((pod) => !isGoing(pod)) };
  return { create, remove: [...surplus.filter((pod) => !isGoing(pod)), ...outdated(world, slots)] };
}

function inOrder(world: StatefulWorld, slots: readonly Slot[], surplus: readonly PodObject[]): StatefulPlan {
  for (const { ordinal, pod } of slots) {
    if (!pod) return { create: [ordinal], remove: [] };
    if (isFinished(pod)) return { create: [], remove: isGoing(pod) ? [] : [pod] };
    if (!isWell(world, pod)) return nothing;
  }
  const [last] = surplus;
  if (!last) return { create: [], remove: outdated(world, slots) };
  // The lowest that is ill may go, so that a set whose end is broken can be made smaller.
  const firstIll = surplus.findLast((pod) => !isHealthy(pod));
  const mayGo = !isGoing(last) && (isWell(world, last) || last === firstIll);
  return mayGo ? { create: [], remove: [last] } : nothing;
}

function isWell({ spec, now }: StatefulWorld, pod: PodObject): boolean {
  return isHealthy(pod) && isAvailable(pod, spec.minReadySeconds ?? 0, now);
}

/** Pods of an old revision that may go now: from the top, as far as `maxUnavailable` allows. */
function outdated(world: StatefulWorld, slots: readonly Slot[]): PodObject[] {
  const { spec } = world;
  if (spec.updateStrategy?.type === "OnDelete") return [];
  const descending = [...slots].reverse();
  const updating = descending.filter(({ ordinal }) => ordinal >= partitionOf(spec));
  const limit = maxUnavailableOf(spec);
  if (limit <= 1) return oneByOne(world, updating);
  const away = descending.filter(({ pod }) => !pod || !isWell(world, pod)).length;
  const old = updating.map(({ pod }) => pod).filter((pod) => pod && !world.isCurrent(pod) && !isGoing(pod));
  return (old as PodObject[]).slice(0, Math.max(0, limit - away));
}

function maxUnavailableOf({ replicas = 1, updateStrategy }: IStatefulSetSpec): number {
  return Math.max(1, resolveCount(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicas, "down"));
}

/** The first old one goes, also when it is ill; a new one that is not well yet is waited for. */
function oneByOne(world: StatefulWorld, updating: readonly Slot[]): PodObject[] {
  for (const { pod } of updating) {
    if (!pod) return [];
    if (!world.isCurrent(pod) && !isGoing(pod)) return [pod];
    if (!isWell(world, pod)) return [];
  }
  return [];
}
