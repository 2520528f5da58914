/** Node selector and node affinity, required and preferred. */
import { type FilterPlugin, type ScorePlugin, stretch } from "../plugin.ts";
import { matchesTerm, requiredNodes } from "./node_selector.ts";

const no = ["node(s) didn't match Pod's node affinity/selector"];

export const nodeAffinityFilter: FilterPlugin = {
  name: "NodeAffinity",
  helpedBy: ["nodeAdded", "nodeChanged"],
  prepare({ spec }) {
    const matches = requiredNodes(spec);
    return matches && ((node) => matches(node) ? undefined : no);
  },
};

export const nodeAffinityScore: ScorePlugin = {
  name: "NodeAffinity",
  weight: 2,
  prepare({ spec }) {
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred = [] } = spec.affinity?.nodeAffinity ?? {};
    if (preferred.length === 0) return undefined;
    return (nodes) =>
      stretch(nodes.map((node) => {
        let total = 0;
        for (const { weight, preference } of preferred) if (matchesTerm(preference, node)) total += weight;
        return total;
      }));
  },
};
