/**
 * Where one pod goes: filters say which nodes can, scores which is best, chance decides among equals. Pure: the cluster
 * is only read.
 */
import type { Cluster } from "./cluster.ts";
import { type Fitting, fitting, type Refusal } from "./fitting.ts";
import { bump, type NodeState } from "./node_state.ts";
import type { FilterPlugin } from "./plugin.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { Profile } from "./profile.ts";

export type Placement =
  | { readonly type: "placed"; readonly node: string; readonly looked: number }
  | Refused;

export interface Refused {
  readonly type: "refused";
  readonly nodes: number;
  /** How many nodes each was given for. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly refusedBy: ReadonlyMap<NodeState, Refusal>;
  /** One reason against all nodes at once. */
  readonly everywhere?: string;
}

/** The rules that said no. */
export function refusers({ refusedBy }: Refused): Set<FilterPlugin> {
  return new Set([...refusedBy.values()].map(({ plugin }) => plugin));
}

export interface PlaceOptions {
  /** In [0, 1). */
  readonly random: () => number;
  /** Where in the list of nodes to begin: who goes on where the last pod stopped treats all nodes alike. */
  readonly from?: number;
  /** The node that the pod is promised: taken when the pod fits there, whatever the others are like. */
  readonly first?: string;
}

export function placePod(pod: PodFacts, cluster: Cluster, profile: Profile, options: PlaceOptions): Placement {
  const search = searchNodes(pod, cluster, profile, options);
  if (search.feasible.length === 0) return { type: "refused", nodes: cluster.nodes.length, ...search };
  const node = chosenOf(pod, { cluster, profile, nodes: search.feasible }, options);
  return { type: "placed", node: node.name, looked: search.looked };
}

/** Nodes to choose from: the promised one alone, when the pod fits there. */
export function searchNodes(pod: PodFacts, cluster: Cluster, profile: Profile, options: PlaceOptions): Search {
  const { from = 0, first } = options;
  const fits = fitting(pod, cluster, profile);
  const promised = first === undefined ? undefined : cluster.node(first);
  if (promised && !fits(promised)) {
    return { feasible: [promised], reasons: new Map(), refusedBy: new Map(), looked: 0 };
  }
  return feasibleNodes(cluster.nodes, fits, { from, percentage: profile.percentageOfNodesToScore });
}

export interface Choice {
  readonly cluster: Cluster;
  readonly profile: Profile;
  readonly nodes: readonly NodeState[];
  /** Points that others give, in the order of the nodes. */
  readonly marks?: readonly number[];
}

/** The best of nodes that all fit. */
export function chosenOf(
  pod: PodFacts,
  { cluster, profile, nodes, marks }: Choice,
  { random }: PlaceOptions,
): NodeState {
  const total = totals(pod, cluster, profile, nodes);
  marks?.forEach((points, at) => total[at]! += points);
  return best(nodes, total, random);
}

export interface Search {
  readonly feasible: NodeState[];
  readonly reasons: Map<string, number>;
  readonly refusedBy: Map<NodeState, Refusal>;
  looked: number;
  everywhere?: string;
}

function feasibleNodes(
  nodes: readonly NodeState[],
  fits: Fitting,
  { from, percentage }: { readonly from: number; readonly percentage: number },
): Search {
  const search: Search = { feasible: [], reasons: new Map(), refusedBy: new Map(), looked: 0 };
  const enough = enoughNodes(nodes.length, percentage);
  while (search.looked < nodes.length && search.feasible.length < enough) {
    const node = nodes[(from + search.looked) % nodes.length]!;
    search.looked++;
    const refusal = fits(node);
    if (!refusal) {
      search.feasible.push(node);
      continue;
    }
    search.refusedBy.set(node, refusal);
    if (refusal.everywhere) return { ...search, everywhere: refusal.reasons[0] };
    for (const reason of refusal.reasons) bump(search.reasons, reason, 1);
  }
  return search;
}

/**
 * In a large cluster a good node is good enough: of 100 nodes all are looked at, of 5,000 a tenth (upstream's
 * percentageOfNodesToScore).
 */
export function enoughNodes(nodes: number, percentage = 0): number {
  const least = 100;
  if (nodes < least) return nodes;
  const percent = percentage || Math.max(5, 50 - Math.trunc(nodes / 125));
  return Math.max(least, Math.trunc(nodes * percent / 100));
}

function totals(pod: PodFacts, cluster: Cluster, { scores }: Profile, nodes: readonly NodeState[]): number[] {
  const total = new Array<number>(nodes.length).fill(0);
  if (nodes.length === 1) return total;
  for (const { weight, prepare } of scores) {
    const given = prepare(pod, cluster)?.(nodes);
    given?.forEach((score, at) => total[at]! += weight * score);
  }
  return total;
}

/** Each of the best has the same chance. */
function best(nodes: readonly NodeState[], scores: readonly number[], random: () => number): NodeState {
  let chosen = 0;
  let equals = 1;
  for (let at = 1; at < nodes.length; at++) {
    if (scores[at]! > scores[chosen]!) {
      chosen = at;
      equals = 1;
    } else if (scores[at] === scores[chosen] && random() < 1 / ++equals) chosen = at;
  }
  return nodes[chosen]!;
}
