/**
 * Whether a pod can run on a node now: no filter says no, neither with the node as it is nor with the pods that are
 * promised the node before it.
 */
import type { Cluster } from "./cluster.ts";
import type { NodeState } from "./node_state.ts";
import type { FilterPlugin, NodeFilter } from "./plugin.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";

export interface Refusal {
  readonly plugin: FilterPlugin;
  readonly reasons: readonly string[];
  /** It holds for every node, so no other needs to be asked. */
  readonly everywhere?: boolean;
}

/** The first refusal, or undefined where the pod fits. Prepared for one pod, then asked for many nodes. */
export type Fitting = (node: NodeState) => Refusal | undefined;

export function fitting(pod: PodFacts, cluster: Cluster, profile: Profile): Fitting {
  const prepared = preparedFilters(pod, cluster, profile);
  return (node) => firstRefusal(node, prepared) ?? beside(pod, node, { cluster, profile });
}

interface PreparedFilter {
  readonly plugin: FilterPlugin;
  readonly filter: NodeFilter;
  readonly everywhere?: boolean;
}

function preparedFilters(pod: PodFacts, cluster: Cluster, { filters }: Profile): PreparedFilter[] {
  const prepared: PreparedFilter[] = [];
  for (const plugin of filters) {
    const filter = plugin.prepare(pod, cluster);
    if (!filter) continue;
    // Nothing that another rule says of one node can change this.
    if ("nowhere" in filter) return [{ plugin, filter: () => [filter.nowhere], everywhere: true }];
    prepared.push({ plugin, filter });
  }
  return prepared;
}

function firstRefusal(node: NodeState, filters: readonly PreparedFilter[]): Refusal | undefined {
  for (const { plugin, filter, everywhere } of filters) {
    const reasons = filter(node);
    if (reasons) return { plugin, reasons, everywhere };
  }
}

/** The promised pods may never come, and the rules about other pods must hold either way: hence two looks. */
function beside(
  pod: PodFacts,
  node: NodeState,
  { cluster, profile }: { cluster: Cluster; profile: Profile },
): Refusal | undefined {
  const promised = cluster.nominations.before(pod, node.name);
  if (promised.length === 0) return undefined;
  const undo = promised.map((other) => cluster.pretend(other, node.name));
  const refusal = firstRefusal(node, preparedFilters(pod, cluster, profile));
  for (const back of undo) back();
  return refusal;
}
