/**
 * Prefers domains with fewer of the workload's pods. A pod that names no constraint is spread over zones and nodes among
 * the pods of its own controller (upstream's default constraints, KEP-1258).
 */
import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node_state.ts";
import { maxScore, type NodeScores, type ScorePlugin } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";
import { selectedPods, spreadConstraint } from "./spread_constraint.ts";

interface Soft {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly counts: (node: NodeState) => boolean;
  readonly perNode: ReadonlyMap<string, number>;
}

const hostname = "kubernetes.io/hostname";
const everywhere = () => true;

export const topologySpreadScore: ScorePlugin = {
  name: "PodTopologySpread",
  weight: 2,
  prepare(pod, cluster) {
    const named = pod.spec.topologySpreadConstraints ?? [];
    const soft = named.length > 0 ? softConstraints(pod, cluster) : defaultConstraints(pod, cluster);
    if (soft.length === 0) return undefined;
    return scores(soft, named.length > 0);
  },
};

function softConstraints(pod: PodFacts, cluster: Cluster): Soft[] {
  return (pod.spec.topologySpreadConstraints ?? [])
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway")
    .map((constraint) => spreadConstraint(constraint, pod))
    .map((constraint) => ({ ...constraint, perNode: selectedPods(cluster, pod.namespace, constraint.selects) }));
}

function defaultConstraints({ owner }: PodFacts, cluster: Cluster): Soft[] {
  const perNode = cluster.siblings(owner);
  // Without siblings all nodes are equal.
  if (perNode.size === 0) return [];
  return [
    { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, counts: everywhere, perNode },
    { topologyKey: hostname, maxSkew: 3, counts: everywhere, perNode },
  ];
}

function scores(soft: readonly Soft[], allKeysNeeded: boolean): NodeScores {
  return (nodes) => {
    const ignored = (node: NodeState) =>
      allKeysNeeded && soft.some(({ topologyKey }) => node.labels[topologyKey] === undefined);
    const crowding = new Map<NodeState, number>();
    for (const node of nodes) if (!ignored(node)) crowding.set(node, 0);
    for (const constraint of soft) addCrowding(crowding, constraint);
    return emptiest(nodes, crowding);
  };
}

/** Many domains make each pod in one weigh more: the logarithm balances zones against nodes. */
function addCrowding(crowding: Map<NodeState, number>, { topologyKey, maxSkew, counts, perNode }: Soft): void {
  const domains = new Map<string, number>();
  for (const node of crowding.keys()) {
    const value = node.labels[topologyKey];
    if (value === undefined) continue;
    const pods = counts(node) ? perNode.get(node.name) ?? 0 : 0;
    domains.set(value, (domains.get(value) ?? 0) + pods);
  }
  const weight = Math.log(domains.size + 2);
  for (const [node, sum] of crowding) {
    const value = node.labels[topologyKey];
    if (value !== undefined) crowding.set(node, sum + domains.get(value)! * weight + maxSkew - 1);
  }
}

function emptiest(nodes: readonly NodeState[], crowding: ReadonlyMap<NodeState, number>): number[] {
  const rounded = new Map([...crowding].map(([node, value]) => [node, Math.round(value)]));
  const most = Math.max(0, ...rounded.values());
  const least = Math.min(...rounded.values());
  return nodes.map((node) => {
    const value = rounded.get(node);
    if (value === undefined) return 0;
    return most === 0 ? maxScore : Math.trunc(maxScore * (most + least - value) / most);
  });
}
