/**
 * How well a pod's requests suit a node, by what would be used of it: the emptiest, the fullest, by a curve, or evenly over
 * its resources.
 *
 * Source: "Resource Bin Packing" (https://kubernetes.io/docs/concepts/scheduling-eviction/resource-bin-packing/).
 */
import type { NodeState } from "../node_state.ts";
import { maxScore, type ScorePlugin } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";
import { scoredRequests } from "../pod_requests.ts";

export interface WeighedResource {
  readonly name: string;
  readonly weight: number;
}

/** A point of the curve: at so many per cent in use, so many of ten points. */
export interface CurvePoint {
  readonly utilization: number;
  readonly score: number;
}

export interface ScoringStrategy {
  readonly type: "LeastAllocated" | "MostAllocated" | "RequestedToCapacityRatio";
  readonly resources: readonly WeighedResource[];
  /** Of RequestedToCapacityRatio, by rising utilization. */
  readonly shape: readonly CurvePoint[];
}

/** What one resource is worth; `used` counts the pod, and may be above the capacity. */
type Worth = (used: number, capacity: number) => number;

const worths: Readonly<Record<ScoringStrategy["type"], (strategy: ScoringStrategy) => Worth>> = {
  LeastAllocated: () => (used, capacity) => Math.trunc(Math.max(0, capacity - used) * maxScore / capacity),
  MostAllocated: () => (used, capacity) => Math.trunc(Math.min(used, capacity) * maxScore / capacity),
  RequestedToCapacityRatio: ({ shape }) => (used, capacity) =>
    onCurve(shape, used > capacity ? 100 : Math.trunc(used * 100 / capacity)),
};

export function resourcesScore(strategy: ScoringStrategy): ScorePlugin {
  const worth = worths[strategy.type](strategy);
  const isCurve = strategy.type === "RequestedToCapacityRatio";
  return {
    name: "NodeResourcesFit",
    weight: 1,
    prepare(pod) {
      const alone = byContainers(pod);
      return (nodes) => nodes.map((node) => average(node, alone));
    },
  };

  function average(node: NodeState, pod: PodFacts): number {
    let total = 0;
    let weights = 0;
    for (const { name, weight } of strategy.resources) {
      const capacity = node.allocatable[name] ?? 0;
      if (capacity === 0 || isBeside(name, pod)) continue;
      const value = worth(usedWith(pod, node, name), capacity);
      // A curve's zero says nothing of the node.
      if (isCurve && value === 0) continue;
      total += weight * value;
      weights += weight;
    }
    if (weights === 0) return 0;
    return isCurve ? Math.round(total / weights) : Math.trunc(total / weights);
  }
}

/** As upstream has it: what is asked for the pod as a whole counts here once the pod is placed, not before. */
function byContainers(pod: PodFacts): PodFacts {
  const { resources, ...spec } = pod.spec;
  return resources ? { ...pod, scored: scoredRequests(spec) } : pod;
}

/** Straight lines between the points, level before the first and after the last. */
function onCurve(shape: readonly CurvePoint[], utilization: number): number {
  const scale = maxScore / 10;
  const at = shape.findIndex((point) => utilization <= point.utilization);
  if (at === -1) return shape.at(-1)!.score * scale;
  const to = shape[at]!;
  const from = shape[at - 1];
  if (!from) return to.score * scale;
  const rise = (to.score - from.score) * scale * (utilization - from.utilization);
  return from.score * scale + Math.trunc(rise / (to.utilization - from.utilization));
}

/** Only cpu, memory and local storage are scarce for pods that do not name them. */
function isBeside(name: string, { requests }: PodFacts): boolean {
  return !everyPods.has(name) && !requests[name];
}

const everyPods = new Set(["cpu", "memory", "ephemeral-storage"]);

function usedWith({ scored, requests }: PodFacts, { scoredUse, used }: NodeState, name: string): number {
  return name === "cpu" || name === "memory"
    ? (scoredUse[name] ?? 0) + (scored[name] ?? 0)
    : (used[name] ?? 0) + (requests[name] ?? 0);
}

/** Prefers nodes whose resources would be used more evenly with the pod than without it: 75 where it changes nothing. */
export function balancedAllocation(resources: readonly WeighedResource[]): ScorePlugin {
  const names = resources.map(({ name }) => name);
  return {
    name: "NodeResourcesBalancedAllocation",
    weight: 1,
    prepare(pod) {
      // A pod that asks for nothing changes no balance.
      if (!names.some((name) => pod.requests[name])) return undefined;
      const asked = names.filter((name) => !isBeside(name, pod));
      return (nodes) =>
        nodes.map((node) => {
          const change = balance(shares(asked, pod.requests, node)) - balance(shares(asked, {}, node));
          // Balance lies between 50 and 100.
          return Math.trunc((maxScore * 3 / 2 + change) / 2);
        });
    },
  };
}

function shares(names: readonly string[], requests: PodFacts["requests"], { allocatable, used }: NodeState): number[] {
  const shares: number[] = [];
  for (const name of names) {
    const capacity = allocatable[name] ?? 0;
    if (capacity > 0) shares.push(Math.min(1, ((used[name] ?? 0) + (requests[name] ?? 0)) / capacity));
  }
  return shares;
}

/** Whole points. */
function balance(shares: readonly number[]): number {
  return Math.trunc((1 - deviation(shares)) * maxScore);
}

/** Of two, half their distance. */
function deviation(shares: readonly number[]): number {
  if (shares.length < 2) return 0;
  if (shares.length === 2) return Math.abs(shares[0]! - shares[1]!) / 2;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return Math.sqrt(shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length);
}
