/** Prefers domains with fewer of the workload's pods: by the pod's own constraints, or by the profile's for its controller. */
import type { NodeState } from "../node_state.ts";
import { maxScore, type NodeScores, type ScorePlugin } from "../plugin.ts";
import { type SpreadConstraint as Soft, spreadConstraints, type SpreadDefaults } from "./spread_constraint.ts";

const hostname = "kubernetes.io/hostname";

export function topologySpreadScore(defaults: SpreadDefaults): ScorePlugin {
  return {
    name: "PodTopologySpread",
    weight: 2,
    prepare(pod, cluster) {
      const soft = spreadConstraints(pod, cluster, { strength: "ScheduleAnyway", defaults });
      if (soft.length === 0) return undefined;
      return scores(soft, defaults.allKeysNeeded || Boolean(pod.spec.topologySpreadConstraints?.length));
    },
  };
}

function scores(soft: readonly Soft[], allKeysNeeded: boolean): NodeScores {
  return (nodes) => {
    const ignored = (node: NodeState) =>
      allKeysNeeded && soft.some(({ topologyKey }) => node.labels[topologyKey] === undefined);
    const crowding = nodes.map((node) => ignored(node) ? Infinity : 0);
    for (const constraint of soft) addCrowding(nodes, crowding, constraint);
    return emptiest(crowding.map(Math.round));
  };
}

/** Many domains make each pod in one weigh more: the logarithm balances zones against nodes. */
function addCrowding(nodes: readonly NodeState[], crowding: number[], soft: Soft): void {
  const { topologyKey, maxSkew } = soft;
  const { podsNear, size } = topologyKey === hostname ? nodeDomains(nodes, soft) : labelDomains(nodes, crowding, soft);
  const weight = Math.log(size + 2);
  nodes.forEach((node, at) => {
    if (node.labels[topologyKey] !== undefined) crowding[at]! += podsNear(node) * weight + maxSkew - 1;
  });
}

interface Domains {
  readonly size: number;
  /** In the node's domain. */
  readonly podsNear: (node: NodeState) => number;
}

/** A node is a domain of its own, so nothing needs to be summed. */
function nodeDomains(nodes: readonly NodeState[], { counts, perNode }: Soft): Domains {
  return { size: nodes.length, podsNear: (node) => counts(node) ? perNode.get(node.name) ?? 0 : 0 };
}

function labelDomains(nodes: readonly NodeState[], crowding: readonly number[], soft: Soft): Domains {
  const { topologyKey, counts, perNode } = soft;
  const domains = new Map<string, number>();
  nodes.forEach((node, at) => {
    const value = node.labels[topologyKey];
    if (value === undefined || crowding[at] === Infinity) return;
    const pods = counts(node) ? perNode.get(node.name) ?? 0 : 0;
    if (pods > 0 || !domains.has(value)) domains.set(value, (domains.get(value) ?? 0) + pods);
  });
  return { size: domains.size, podsNear: ({ labels }) => domains.get(labels[topologyKey] ?? "") ?? 0 };
}

/** Infinity, a node that lacks a label, has 0. */
function emptiest(crowding: readonly number[]): number[] {
  let most = 0;
  let least = Infinity;
  for (const value of crowding) {
    if (value === Infinity) continue;
    most = Math.max(most, value);
    least = Math.min(least, value);
  }
  return crowding.map((value) => {
    if (value === Infinity) return 0;
    return most === 0 ? maxScore : Math.trunc(maxScore * (most + least - value) / most);
  });
}
