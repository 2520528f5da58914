/** Whether a pod's requests fit into what a node has left, and how well. */
import type { NodeState } from "../node_state.ts";
import { type FilterPlugin, maxScore, type ScorePlugin } from "../plugin.ts";

const tooMany = "Too many pods";

export const fit: FilterPlugin = {
  name: "NodeResourcesFit",
  helpedBy: ["nodeAdded", "nodeChanged", "podGone"],
  prepare({ requests }) {
    const asked = Object.entries(requests).filter(([, amount]) => amount > 0);
    return (node) => {
      let reasons: string[] | undefined;
      if (node.podCount + 1 > (node.allocatable.pods ?? 0)) reasons = [tooMany];
      for (const [name, amount] of asked) {
        const free = (node.allocatable[name] ?? 0) - (node.used[name] ?? 0);
        if (amount > free) (reasons ??= []).push(`Insufficient ${name}`);
      }
      return reasons;
    };
  },
};

/** Prefers the emptiest node: the free share of cpu and memory after placing, averaged. */
export const leastAllocated: ScorePlugin = {
  name: "NodeResourcesFit",
  weight: 1,
  prepare: ({ scored }) => (nodes) =>
    nodes.map((node) => {
      let total = 0;
      let counted = 0;
      for (const name of ["cpu", "memory"]) {
        const capacity = node.allocatable[name] ?? 0;
        if (capacity === 0) continue;
        const left = capacity - (node.scoredUse[name] ?? 0) - (scored[name] ?? 0);
        total += Math.trunc(Math.max(0, left) * maxScore / capacity);
        counted++;
      }
      return counted === 0 ? 0 : Math.trunc(total / counted);
    }),
};

/** Prefers nodes whose cpu and memory would be used to the same share. */
export const balancedAllocation: ScorePlugin = {
  name: "NodeResourcesBalancedAllocation",
  weight: 1,
  prepare({ requests }) {
    // A pod that asks for nothing changes no balance.
    if (!requests.cpu && !requests.memory) return undefined;
    const share = (node: NodeState, name: string) => {
      const capacity = node.allocatable[name] ?? 0;
      return capacity === 0 ? 0 : Math.min(1, ((node.used[name] ?? 0) + (requests[name] ?? 0)) / capacity);
    };
    // The standard deviation of two values is half their distance.
    const balance = (node: NodeState) => 1 - Math.abs(share(node, "cpu") - share(node, "memory")) / 2;
    return (nodes) => nodes.map((node) => Math.trunc(balance(node) * maxScore));
  },
};
