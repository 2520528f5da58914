/**
 * What a rule of the scheduler is. A filter says no with reasons, a score says how good; both look at a pod first and at
 * many nodes after, so that what does not concern the pod costs nothing.
 */
import type { Cluster } from "./cluster.ts";
import type { NodeState } from "./node_state.ts";
import type { PodFacts } from "./pod_facts.ts";

/** What happens in a cluster that may make a pod fit which did not. */
export type ClusterEvent = "nodeAdded" | "nodeChanged" | "podGone" | "podPlaced" | "volumeChanged" | "deviceChanged";

/** Reasons against the node in upstream's words; undefined when there is none. */
export type NodeFilter = (node: NodeState) => readonly string[] | undefined;

/** No node can be right, whatever it is like (upstream's PreFilter). */
export interface Nowhere {
  readonly nowhere: string;
}

export function nowhere(reason: string): Nowhere {
  return { nowhere: reason };
}

export interface FilterPlugin<Says = NodeFilter | Nowhere> {
  /** Upstream's, as in KubeSchedulerConfiguration. */
  readonly name: string;
  /** Which events make it worth asking again after it has said no. */
  readonly helpedBy: readonly ClusterEvent[];
  /** Undefined when no node could be wrong for this pod. */
  prepare(pod: PodFacts, cluster: Cluster): Says | undefined;
}

/** Scores of the nodes, in their order, from 0 to 100. */
export type NodeScores = (nodes: readonly NodeState[]) => readonly number[];

export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** Undefined when all nodes are equally good for this pod. */
  prepare(pod: PodFacts, cluster: Cluster): NodeScores | undefined;
}

export const maxScore = 100;

/** Raw scores stretched so that the best has 100; `reverse` where less is better. */
export function stretch(raw: readonly number[], reverse = false): number[] {
  const most = Math.max(...raw, 0);
  if (most === 0) return raw.map(() => reverse ? maxScore : 0);
  return raw.map((value) => {
    const score = Math.trunc(value * maxScore / most);
    return reverse ? maxScore - score : score;
  });
}
