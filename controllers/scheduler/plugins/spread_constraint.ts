/**
 * One topology spread constraint, made into questions once. Source: core/v1 TopologySpreadConstraint, KEP-895, KEP-3022
 * (minDomains), KEP-3094 (node inclusion policies), KEP-3243 (matchLabelKeys).
 */
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import { compileLabelSelector, type LabelPredicate } from "../../../runtime/schema/label_selector.ts";
import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node_state.ts";
import type { PodFacts } from "../pod_facts.ts";
import { requiredNodes } from "./node_selector.ts";
import { tolerates } from "./tolerations.ts";

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selects: LabelPredicate;
  /** Whether the node counts as a place where the pod could go. */
  readonly counts: (node: NodeState) => boolean;
}

export function spreadConstraint(constraint: ITopologySpreadConstraint, pod: PodFacts): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1, labelSelector, matchLabelKeys = [] } = constraint;
  const keys = matchLabelKeys.filter((key) => pod.labels[key] !== undefined);
  const more = keys.map((key) => ({ key, operator: "In", values: [pod.labels[key]!] }));
  const selector = labelSelector && {
    ...labelSelector,
    matchExpressions: [...labelSelector.matchExpressions ?? [], ...more],
  };
  return {
    topologyKey,
    maxSkew,
    minDomains,
    selects: compileLabelSelector(selector),
    counts: inclusion(constraint, pod),
  };
}

function inclusion(
  { nodeAffinityPolicy = "Honor", nodeTaintsPolicy = "Ignore" }: ITopologySpreadConstraint,
  { spec }: PodFacts,
): (node: NodeState) => boolean {
  const selected = nodeAffinityPolicy === "Honor" ? requiredNodes(spec) : undefined;
  const { tolerations = [] } = spec;
  const tolerated = ({ taints }: NodeState) =>
    taints.every((taint) => taint.effect === "PreferNoSchedule" || tolerates(tolerations, taint));
  return (node) => (!selected || selected(node)) && (nodeTaintsPolicy === "Ignore" || tolerated(node));
}

/** Pods of the pod's namespace that the selector means, on each node; those that are leaving do not count. */
export function selectedPods(cluster: Cluster, namespace: string, selects: LabelPredicate): Map<string, number> {
  const perNode = new Map<string, number>();
  for (const group of cluster.groups.all()) {
    if (group.namespace !== namespace || group.terminating || !selects(group.labels)) continue;
    for (const [node, pods] of group.counts) perNode.set(node, (perNode.get(node) ?? 0) + pods);
  }
  return perNode;
}
