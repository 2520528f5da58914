/**
 * Where a pod goes that extenders have a say in. They take their time, and other pods are placed meanwhile: so what they
 * agreed to is looked at again before one is chosen.
 */
import type { FilterPlugin } from "../plugin.ts";
import { fitting, type Refusal } from "../fitting.ts";
import { bump, type NodeState } from "../node_state.ts";
import { chosenOf, type Placement, type PlaceOptions, searchNodes } from "../place_pod.ts";
import type { PodFacts } from "../pod_facts.ts";
import type { Term } from "../scheduler_state.ts";
import { type Asking, filtered, type Left, prioritized } from "./ask_extenders.ts";

/** What an extender says no to may be helped by anything; room helps only where it says so. */
const anything = ["nodeAdded", "nodeChanged", "podGone", "podPlaced", "volumeChanged", "deviceChanged"] as const;
const roomHelps: FilterPlugin = { name: "Extender", helpedBy: anything, prepare: () => undefined };
const roomIsVain: FilterPlugin = {
  ...roomHelps,
  helpedBy: anything.filter((event) => event !== "podGone"),
};

export async function placeExtended(
  pod: PodFacts,
  { state: { cluster }, profile }: Term,
  { asking, ...options }: PlaceOptions & { readonly asking: Asking },
): Promise<Placement> {
  const search = searchNodes(pod, cluster, profile, options);
  if (search.feasible.length === 0) return { type: "refused", nodes: cluster.nodes.length, ...search };
  const left = await filtered(search.feasible, asking);
  refuseAll(left, search);
  if (left.passed.length === 0) return { type: "refused", nodes: cluster.nodes.length, ...search };
  const marks = await prioritized(left.passed, asking);
  const marksOf = new Map(left.passed.map((node, at) => [node, marks[at]!]));
  const fits = fitting(pod, cluster, profile);
  const still = left.passed.filter((node) => cluster.node(node.name) === node && !fits(node));
  if (still.length === 0) throw new Error("all nodes that the extenders agreed to were taken meanwhile");
  const node = chosenOf(pod, { cluster, profile, nodes: still, marks: still.map((one) => marksOf.get(one)!) }, options);
  // Here and now: the caller hears of it later.
  cluster.assume(pod, node.name);
  return { type: "placed", node: node.name, looked: search.looked };
}

function refuseAll(
  { refused }: Left,
  { reasons, refusedBy }: { readonly reasons: Map<string, number>; readonly refusedBy: Map<NodeState, Refusal> },
): void {
  for (const [node, { reason, resolvable }] of refused) {
    bump(reasons, reason, 1);
    refusedBy.set(node, { plugin: resolvable ? roomHelps : roomIsVain, reasons: [reason] });
  }
}
