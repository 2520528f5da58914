/** Keeps a workload's pods even over zones, nodes, or whatever a label says: a filter where the pod insists. */
import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node_state.ts";
import type { FilterPlugin, NodeFilter } from "../plugin.ts";
import { countsWith, type SpreadConstraint, spreadConstraints, type SpreadDefaults } from "./spread_constraint.ts";

const uneven = ["node(s) didn't match pod topology spread constraints"];
const unlabelled = ["node(s) didn't match pod topology spread constraints (missing required label)"];

export function topologySpreadFilter(defaults: SpreadDefaults): FilterPlugin<NodeFilter> {
  return {
    name: "PodTopologySpread",
    helpedBy: ["nodeAdded", "nodeChanged", "podGone", "podPlaced"],
    looksAcross: true,
    lasts: (reasons) => reasons === unlabelled,
    helps: (pod, happening) => !("pod" in happening) || countsWith(pod, happening.pod),
    prepare(pod, cluster) {
      const hard = spreadConstraints(pod, cluster, { strength: "DoNotSchedule", defaults });
      if (hard.length === 0) return undefined;
      const keys = hard.map(({ topologyKey }) => topologyKey);
      const checks = hard.map((constraint) => evenness(constraint, keys, cluster));
      return (node) => {
        for (const check of checks) {
          const reasons = check(node);
          if (reasons) return reasons;
        }
      };
    },
  };
}

function evenness(constraint: SpreadConstraint, keys: readonly string[], cluster: Cluster): NodeFilter {
  const { topologyKey, maxSkew, minDomains } = constraint;
  const domains = domainCounts(constraint, keys, cluster);
  const least = domains.size < minDomains ? 0 : Math.min(...domains.values());
  const self = constraint.self ? 1 : 0;
  return ({ labels }) => {
    const value = labels[topologyKey];
    if (value === undefined) return unlabelled;
    return (domains.get(value) ?? 0) + self - least > maxSkew ? uneven : undefined;
  };
}

/** Pods in each domain that has a node where the pod could go. */
function domainCounts(
  { topologyKey, counts, perNode }: SpreadConstraint,
  keys: readonly string[],
  cluster: Cluster,
): Map<string, number> {
  const domains = new Map<string, number>();
  const labelled = ({ labels }: NodeState) => keys.every((key) => labels[key] !== undefined);
  for (const node of cluster.nodes) {
    if (!labelled(node) || !counts(node)) continue;
    const value = node.labels[topologyKey]!;
    domains.set(value, (domains.get(value) ?? 0) + (perNode.get(node.name) ?? 0));
  }
  return domains;
}
