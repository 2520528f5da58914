/**
 * From what pods use to how many there should be. Pure; amounts are thousandths, times milliseconds since the epoch.
 *
 * Laws: a ratio within the tolerance changes nothing; pods that say nothing, or not yet, are taken to use what makes the
 * change smaller, and never turn its direction.
 *
 * Source: "Horizontal Pod Autoscaling", algorithm details
 * (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details), KEP-4951 (tolerance).
 */
import { conditionOf } from "../objects/conditions.ts";
import { isGoing, type PodObject } from "../objects/pod_state.ts";

/** While a pod is this young, its cpu counts only when all of it was measured after the pod became ready. */
const startingMs = 300_000;
/** A pod that became unready this soon after its start was never ready. */
const firstReadinessMs = 30_000;

export interface Sample {
  readonly milli: number;
  readonly at: number;
  readonly windowMs: number;
}

/** Shares of the target by which usage may be above (`up`) or below (`down`) it. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface UsageWorld {
  /** `spec.replicas` of what is scaled. */
  readonly current: number;
  readonly pods: readonly PodObject[];
  /** By pod name. */
  readonly samples: ReadonlyMap<string, Sample>;
  /** Only cpu is high while a program starts, and is therefore left out. */
  readonly cpu: boolean;
  readonly tolerance: Tolerance;
  readonly now: number;
}

/** How amounts relate to the target. */
export interface Yardstick {
  /** 1 is on target. */
  ratio(amounts: ReadonlyMap<string, number>): number;
  /** What a pod without a sample is taken to use where the others use less than the target. */
  ample(pod: string): number;
}

export function isWithin({ up, down }: Tolerance, ratio: number): boolean {
  return ratio >= 1 - down && ratio <= 1 + up;
}

/** Whole replicas for a ratio; products of fractions may miss a whole number by the last bit. */
export function scaled(ratio: number, replicas: number): number {
  const exact = ratio * replicas;
  const whole = Math.round(exact);
  return Math.abs(exact - whole) < 1e-9 * Math.max(1, whole) ? whole : Math.ceil(exact);
}

/** Pods that count at all, by what is known of them. */
export interface Groups {
  readonly measured: ReadonlyMap<string, number>;
  readonly unready: readonly string[];
  readonly missing: readonly string[];
}

export function groupPods(world: UsageWorld): Groups {
  const measured = new Map<string, number>();
  const unready: string[] = [];
  const missing: string[] = [];
  for (const pod of world.pods) {
    if (isGoing(pod) || pod.status?.phase === "Failed") continue;
    const { name } = pod.metadata;
    const sample = world.samples.get(name);
    if (pod.status?.phase === "Pending") unready.push(name);
    else if (!sample) missing.push(name);
    else if (world.cpu && isStarting(pod, sample, world.now)) unready.push(name);
    else measured.set(name, sample.milli);
  }
  return { measured, unready, missing };
}

function isStarting(pod: PodObject, sample: Sample, now: number): boolean {
  const ready = conditionOf(pod.status?.conditions, "Ready");
  if (!ready || !pod.status?.startTime) return true;
  const since = Date.parse(ready.lastTransitionTime ?? pod.status.startTime);
  const started = Date.parse(pod.status.startTime);
  const isUnready = ready.status === "False";
  if (started + startingMs > now) return isUnready || sample.at < since + sample.windowMs;
  return isUnready && started + firstReadinessMs > since;
}

/** Throws when no pod that counts has been measured. */
export function replicasFor(world: UsageWorld, yardstick: Yardstick): number {
  const { measured, unready, missing } = groupPods(world);
  if (measured.size === 0) throw new Error("did not receive metrics for targeted pods (pods might be unready)");
  const ratio = yardstick.ratio(measured);
  const growing = unready.length > 0 && ratio > 1;
  if (!growing && missing.length === 0) {
    return isWithin(world.tolerance, ratio) ? world.current : scaled(ratio, measured.size);
  }
  const filled = new Map(measured);
  if (ratio < 1) { for (const name of missing) filled.set(name, yardstick.ample(name)); }
  if (ratio > 1) { for (const name of missing) filled.set(name, 0); }
  if (growing) { for (const name of unready) filled.set(name, 0); }
  return unturned(ratio, { ratio: yardstick.ratio(filled), pods: filled.size }, world);
}

/** With the gaps filled the answer may be smaller, but not opposite. */
function unturned(before: number, after: { ratio: number; pods: number }, { current, tolerance }: UsageWorld): number {
  if (isWithin(tolerance, after.ratio) || (before < 1) !== (after.ratio < 1)) return current;
  const replicas = scaled(after.ratio, after.pods);
  const turned = after.ratio < 1 ? replicas > current : replicas < current;
  return turned ? current : replicas;
}

export function sumOf(amounts: Iterable<number>): number {
  let sum = 0;
  for (const amount of amounts) sum += amount;
  return sum;
}

/** Percent of what the pods request, whole. */
export function utilizationOf(amounts: ReadonlyMap<string, number>, requests: ReadonlyMap<string, number>): number {
  const requested = sumOf([...amounts.keys()].map((name) => requests.get(name) ?? 0));
  if (requested === 0) throw new Error("no metrics returned matched known pods");
  return Math.trunc((sumOf(amounts.values()) * 100) / requested);
}

export function averageOf(amounts: ReadonlyMap<string, number>): number {
  return Math.trunc(sumOf(amounts.values()) / amounts.size);
}

export function byUtilization(target: number, requests: ReadonlyMap<string, number>): Yardstick {
  return {
    ratio: (amounts) => utilizationOf(amounts, requests) / target,
    ample: (pod) => Math.trunc((requests.get(pod) ?? 0) * Math.max(100, target) / 100),
  };
}

export function byAverage(targetMilli: number): Yardstick {
  return { ratio: (amounts) => averageOf(amounts) / targetMilli, ample: () => targetMilli };
}
