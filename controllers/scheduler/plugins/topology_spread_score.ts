/** Prefers domains with fewer of the workload's pods: by the pod's own constraints, or by the profile's for its controller. */
import type { Cluster } from "../cluster.ts";
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
      const allKeysNeeded = defaults.allKeysNeeded || Boolean(pod.spec.topologySpreadConstraints?.length);
      return scores(soft, allKeysNeeded, cluster);
    },
  };
}

function scores(soft: readonly Soft[], allKeysNeeded: boolean, cluster: Cluster): NodeScores {
  const ignored = ({ labels }: NodeState) =>
    allKeysNeeded && soft.some(({ topologyKey }) => labels[topologyKey] === undefined);
  return (nodes) => {
    const choice = nodes.filter((node) => !ignored(node));
    const crowding = nodes.map((node) => ignored(node) ? Infinity : 0);
    for (const constraint of soft) {
      const { topologyKey } = constraint;
      const domains = topologyKey === hostname
        ? nodeDomains(choice, constraint)
        : labelDomains(choice, constraint, placesOf(constraint, cluster).filter((node) => !ignored(node)));
      addCrowding(nodes, crowding, constraint, domains);
    }
    return emptiest(crowding.map(Math.round));
  };
}

interface Domains {
  readonly size: number;
  /** In the node's domain. */
  readonly podsNear: (node: NodeState) => number;
}

/** Many domains make each pod in one weigh more: the logarithm balances zones against nodes. */
function addCrowding(
  nodes: readonly NodeState[],
  crowding: number[],
  { topologyKey, maxSkew }: Soft,
  { podsNear, size }: Domains,
): void {
  const weight = Math.log(size + 2);
  nodes.forEach((node, at) => {
    if (node.labels[topologyKey] !== undefined) crowding[at]! += podsNear(node) * weight + maxSkew - 1;
  });
}

/** A node is a domain of its own, so nothing needs to be summed. */
function nodeDomains(choice: readonly NodeState[], { perNode }: Soft): Domains {
  return { size: choice.length, podsNear: (node) => perNode.get(node.name) ?? 0 };
}

/** Pods count wherever they are in a domain, also on nodes that have no room left. */
function labelDomains(
  choice: readonly NodeState[],
  { topologyKey, perNode }: Soft,
  places: readonly NodeState[],
): Domains {
  const domains = new Map<string, number>();
  for (const { labels } of choice) if (labels[topologyKey] !== undefined) domains.set(labels[topologyKey], 0);
  for (const { labels, name } of places) {
    const before = domains.get(labels[topologyKey] ?? "");
    if (before !== undefined) domains.set(labels[topologyKey]!, before + perNode.get(name)!);
  }
  return { size: domains.size, podsNear: ({ labels }) => domains.get(labels[topologyKey] ?? "") ?? 0 };
}

/** Nodes with pods that count. */
function placesOf({ perNode, counts }: Soft, cluster: Cluster): NodeState[] {
  return [...perNode.keys()].flatMap((name) => {
    const node = cluster.node(name);
    return node && counts(node) ? [node] : [];
  });
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
