/**
 * What a rule of the scheduler is. A filter says no with reasons, a score says how good; both look at a pod first and at
 * many nodes after, so that what does not concern the pod costs nothing.
 */
import type { Key } from "../../runtime/schema/mod.ts";
import type { Cluster } from "./cluster.ts";
import type { NodeState } from "./node_state.ts";
import type { PodFacts } from "./pod_facts.ts";

/** What happens in a cluster that may make a pod fit which did not. */
export type Happening =
  | { readonly type: "nodeAdded" | "nodeChanged"; readonly node: { readonly name: string } }
  /** It runs no more, asks for less, or is not what it was; or it comes, or becomes what it is. */
  | { readonly type: "podGone" | "podPlaced"; readonly pod: PodFacts }
  /** A claim, or something that any claim may depend on. */
  | { readonly type: "volumeChanged"; readonly claim?: Key }
  | { readonly type: "deviceChanged" };

export type ClusterEvent = Happening["type"];

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
  /** Its word about one node depends on others too. */
  readonly looksAcross?: boolean;
  /** Whether this, of what helps, can have helped this pod. Absent: it can. */
  helps?(pod: PodFacts, happening: Happening, cluster: Cluster): boolean;
  /** Whether these reasons against the node hold however many pods leave it. Absent: room helps, where a pod's going does. */
  lasts?(reasons: readonly string[], node: NodeState, pod: PodFacts): boolean;
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

/** What happens to other claims helps nobody here. */
export function isOwnClaim({ claims }: PodFacts, happening: Happening): boolean {
  return happening.type !== "volumeChanged" || happening.claim === undefined || claims.includes(happening.claim);
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
