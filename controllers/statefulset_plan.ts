/**
 * What a StatefulSet does next, one pod after another. Pure.
 *
 * Laws: one pod an ordinal, never two; in order, none is made before its predecessors are available and none taken away
 * before its successors are gone; an update goes from the highest ordinal down to the partition, one at a time.
 *
 * Source: StatefulSet (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/).
 */
import type { IStatefulSetSpec } from "kubernetes-models/apps/v1/StatefulSetSpec";
import { isAvailable, isFinished, isGoing, type PodObject } from "./pod_state.ts";

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

const nothing: StatefulPlan = { create: [], remove: [] };

/** Of a pod of this set; -1 where the name says none. */
export function ordinalOf(name: string, pod: PodObject): number {
  const [, ordinal] = new RegExp(`^${name.replaceAll(".", "\\.")}-(\\d+)$`).exec(pod.metadata.name) ?? [];
  return ordinal === undefined ? -1 : Number(ordinal);
}

export function planStateful(world: StatefulWorld): StatefulPlan {
  const { name, spec, pods } = world;
  const first = spec.ordinals?.start ?? 0;
  const end = first + (spec.replicas ?? 1);
  const byOrdinal = new Map(pods.map((pod) => [ordinalOf(name, pod), pod]));
  const surplus = [...byOrdinal].filter(([ordinal]) => ordinal < first || ordinal >= end).sort(([a], [b]) => b - a)
    .map(([, pod]) => pod);
  const wanted = Array.from({ length: end - first }, (_, index) => first + index);
  const steps = { byOrdinal, wanted, surplus };
  return spec.podManagementPolicy === "Parallel" ? together(world, steps) : inOrder(world, steps);
}

interface Steps {
  readonly byOrdinal: ReadonlyMap<number, PodObject>;
  readonly wanted: readonly number[];
  /** The highest first. */
  readonly surplus: readonly PodObject[];
}

function together(world: StatefulWorld, { byOrdinal, wanted, surplus }: Steps): StatefulPlan {
  const create = wanted.filter((ordinal) => !byOrdinal.has(ordinal));
  const ended = wanted.map((ordinal) => byOrdinal.get(ordinal)).filter((pod) =>
    pod && isFinished(pod) && !isGoing(pod)
  );
  const remove = [...ended.map((pod) => pod!), ...surplus.filter((pod) => !isGoing(pod))];
  return create.length + remove.length > 0 ? { create, remove } : rolling(world, byOrdinal, wanted);
}

function inOrder(world: StatefulWorld, { byOrdinal, wanted, surplus }: Steps): StatefulPlan {
  for (const ordinal of wanted) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) return { create: [ordinal], remove: [] };
    if (isFinished(pod) && !isGoing(pod)) return { create: [], remove: [pod] };
    // The next one waits for it, unless it is old and stuck: then the update must be able to mend it.
    if (isGoing(pod)) return nothing;
    if (!available(world, pod)) return world.isCurrent(pod) ? nothing : rolling(world, byOrdinal, wanted);
  }
  const [last] = surplus;
  if (last) return isGoing(last) ? nothing : { create: [], remove: [last] };
  return rolling(world, byOrdinal, wanted);
}

function available({ spec, now }: StatefulWorld, pod: PodObject): boolean {
  return !isGoing(pod) && isAvailable(pod, spec.minReadySeconds ?? 0, now);
}

/** From the top: the first that is not new goes, if all above it are well. */
function rolling(
  world: StatefulWorld,
  byOrdinal: ReadonlyMap<number, PodObject>,
  wanted: readonly number[],
): StatefulPlan {
  const { type = "RollingUpdate", rollingUpdate } = world.spec.updateStrategy ?? {};
  if (type === "OnDelete") return nothing;
  const partition = rollingUpdate?.partition ?? 0;
  for (const ordinal of [...wanted].reverse().filter((ordinal) => ordinal >= partition)) {
    const pod = byOrdinal.get(ordinal);
    if (!pod || isGoing(pod)) return nothing;
    if (!world.isCurrent(pod)) return { create: [], remove: [pod] };
    if (!available(world, pod)) return nothing;
  }
  return nothing;
}
