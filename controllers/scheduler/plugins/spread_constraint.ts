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
  /** Node name to the pods on it that are to be spread. */
  readonly perNode: ReadonlyMap<string, number>;
  /** Whether the pod itself is one of those. */
  readonly self: boolean;
  /** Whether the node counts as a place where the pod could go. */
  readonly counts: (node: NodeState) => boolean;
}

/** What a profile asks of pods that ask for nothing themselves (KEP-1258). */
export interface SpreadDefaults {
  readonly constraints: readonly ITopologySpreadConstraint[];
  /** Nodes that lack one of the labels are left out. */
  readonly allKeysNeeded: boolean;
}

/** Upstream's, where no profile says otherwise. */
export const systemDefaults: SpreadDefaults = {
  constraints: [
    { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5, whenUnsatisfiable: "ScheduleAnyway" },
    { topologyKey: "kubernetes.io/hostname", maxSkew: 3, whenUnsatisfiable: "ScheduleAnyway" },
  ],
  allKeysNeeded: false,
};

type Strength = ITopologySpreadConstraint["whenUnsatisfiable"];

/** The pod's own constraints of one strength; the defaults, among the pods of its controller, when it has none at all. */
export function spreadConstraints(
  pod: PodFacts,
  cluster: Cluster,
  { strength, defaults }: { readonly strength: Strength; readonly defaults: SpreadDefaults },
): SpreadConstraint[] {
  const own = pod.spec.topologySpreadConstraints ?? [];
  const ofStrength = (constraint: ITopologySpreadConstraint) => constraint.whenUnsatisfiable === strength;
  if (own.length > 0) return own.filter(ofStrength).map((constraint) => ownConstraint(constraint, pod, cluster));
  if (!pod.owner) return [];
  const perNode = cluster.siblings(pod.owner);
  return defaults.constraints.filter(ofStrength).map(({ topologyKey, maxSkew }) => (
    { topologyKey, maxSkew, minDomains: 1, perNode, self: true, counts: everywhere }
  ));
}

const everywhere = () => true;

/** Whether the other is one of those that the pod is to be spread among. */
export function countsWith(pod: PodFacts, other: PodFacts): boolean {
  const own = pod.spec.topologySpreadConstraints ?? [];
  if (own.length === 0) return pod.owner === other.owner;
  return pod.namespace === other.namespace &&
    own.some((constraint) => compileLabelSelector(selectorOf(constraint, pod))(other.labels));
}

function ownConstraint(constraint: ITopologySpreadConstraint, pod: PodFacts, cluster: Cluster): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1 } = constraint;
  const selects = compileLabelSelector(selectorOf(constraint, pod));
  return {
    topologyKey,
    maxSkew,
    minDomains,
    perNode: selectedPods(cluster, pod.namespace, selects),
    self: selects(pod.labels),
    counts: inclusion(constraint, pod),
  };
}

function selectorOf({ labelSelector, matchLabelKeys = [] }: ITopologySpreadConstraint, pod: PodFacts) {
  const keys = matchLabelKeys.filter((key) => pod.labels[key] !== undefined);
  const more = keys.map((key) => ({ key, operator: "In", values: [pod.labels[key]!] }));
  return labelSelector && {
    ...labelSelector,
    matchExpressions: [...labelSelector.matchExpressions ?? [], ...more],
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
function selectedPods(cluster: Cluster, namespace: string, selects: LabelPredicate): Map<string, number> {
  const perNode = new Map<string, number>();
  for (const group of cluster.groups.all()) {
    if (group.namespace !== namespace || group.terminating || !selects(group.labels)) continue;
    for (const [node, pods] of group.counts) perNode.set(node, (perNode.get(node) ?? 0) + pods);
  }
  return perNode;
}
