/**
 * Preemption: a pod that fits nowhere may have less important pods removed. Where the harm is least is decided here. Pure.
 *
 * Laws: nobody of the same or a higher priority is taken; nobody is taken who could have stayed; of all nodes that with
 * the fewest broken disruption budgets is chosen, then the one whose most important victim matters least, then the
 * smallest sum of priorities, the fewest victims, and victims that have run for the shortest time.
 *
 * Source: "Pod Priority and Preemption" (https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/).
 */
import type { Refusal } from "./fitting.ts";
import { bump, type NodeState } from "./node_state.ts";
import type { Refused } from "./place_pod.ts";
import type { PodFacts } from "./pod_facts.ts";
import type { PreemptionExtent } from "./profile.ts";
import { countedReasons } from "./refusal_words.ts";
import { type Scene, startOf, type Victims, victimsOn } from "./victims.ts";

export type Preemption =
  | { readonly type: "victims"; readonly node: string; readonly victims: readonly PodFacts[] }
  /** It may not, or not now: a promise made before is being kept. */
  | { readonly type: "ineligible"; readonly words: string }
  /** No words where the profile has no preemption. */
  | { readonly type: "hopeless"; readonly words: string };

export interface PreemptionOptions {
  /** Where in the list of nodes to begin. */
  readonly from: number;
}

export function planPreemption(scene: Scene, refused: Refused, options: PreemptionOptions): Preemption {
  const found = findCandidates(scene, refused, options);
  return "candidates" in found ? leastHarmful(found.candidates, found) : found;
}

/** Where room can be made, and why it cannot elsewhere. */
export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly reasons: ReadonlyMap<string, number>;
  readonly nodes: number;
}

export function findCandidates(scene: Scene, refused: Refused, { from }: PreemptionOptions): Candidates | Preemption {
  const { preemption: extent } = scene.profile;
  if (!extent) return { type: "hopeless", words: "" };
  const notNow = notEligible(scene);
  if (notNow) return notNow;
  const { nodes, everywhere } = refused;
  if (everywhere !== undefined) {
    return { type: "hopeless", words: countedReasons(nodes, new Map([[notHelpful, nodes]])) };
  }
  return { ...candidateNodes(scene, refused, { from, extent }), nodes };
}

/** The best of those that are left. */
export function leastHarmful(candidates: readonly Candidate[], { reasons, nodes }: Candidates): Preemption {
  const chosen = leastHarm(candidates);
  if (chosen) return { type: "victims", node: chosen.node.name, victims: chosen.pods };
  return { type: "hopeless", words: countedReasons(nodes, reasons) };
}

function notEligible({ pod, cluster }: Scene): Preemption | undefined {
  if (pod.spec.preemptionPolicy === "Never") {
    return { type: "ineligible", words: "not eligible due to preemptionPolicy=Never." };
  }
  const promised = cluster.node(cluster.nominations.nodeOf(pod.uid) ?? "");
  const going = [...promised?.pods() ?? []].some(({ priority, terminating }) => terminating && priority < pod.priority);
  if (!going) return undefined;
  return { type: "ineligible", words: "not eligible due to a terminating pod on the nominated node." };
}

export interface Candidate extends Victims {
  readonly node: NodeState;
}

function candidateNodes(
  scene: Scene,
  { refusedBy }: Refused,
  { from, extent }: { readonly from: number; readonly extent: PreemptionExtent },
) {
  const candidates: Candidate[] = [];
  const reasons = new Map<string, number>();
  const nodes = [...refusedBy.keys()];
  const { minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute } = extent;
  const enough = Math.max(absolute, Math.trunc(nodes.length * percentage / 100));
  for (let looked = 0; looked < nodes.length && candidates.length < enough; looked++) {
    const node = nodes[(from + looked) % nodes.length]!;
    const victims = roomHelps(refusedBy.get(node)!, node, scene) ? victimsOn(node, scene) : [notHelpful];
    if ("violations" in victims) candidates.push({ node, ...victims });
    else for (const reason of victims) bump(reasons, reason, 1);
  }
  return { candidates, reasons };
}

function roomHelps({ plugin, reasons }: Refusal, node: NodeState, { pod }: Scene): boolean {
  return plugin.helpedBy.includes("podGone") && !plugin.lasts?.(reasons, node, pod);
}

const notHelpful = "Preemption is not helpful for scheduling";

/** Each tells one kind of harm; the first that differs decides, less is better. */
const harms: readonly ((a: Candidate, b: Candidate) => number)[] = [
  (a, b) => a.violations - b.violations,
  (a, b) => highest(a) - highest(b),
  (a, b) => sum(a) - sum(b),
  (a, b) => a.pods.length - b.pods.length,
  (a, b) => longestRun(b).localeCompare(longestRun(a)),
];

function leastHarm(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.reduce<Candidate | undefined>((best, next) => {
    if (!best) return next;
    const decisive = harms.map((harm) => harm(next, best)).find((difference) => difference !== 0) ?? 0;
    return decisive < 0 ? next : best;
  }, undefined);
}

function highest({ pods }: Candidate): number {
  return pods[0]?.priority ?? -Infinity;
}

/** Priorities may be negative: shifted, so that more victims never weigh less. */
function sum({ pods }: Candidate): number {
  return pods.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
}

/** When the first of the most important victims started. */
function longestRun({ pods }: Candidate): string {
  return pods.filter(({ priority }) => priority === pods[0]!.priority).map(startOf).sort()[0] ?? "";
}
