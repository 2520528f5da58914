/** Node selector and node affinity, required and preferred; and an affinity that a profile adds to every pod's. */
import type { INodeAffinity } from "kubernetes-models/v1/NodeAffinity";
import { type FilterPlugin, type ScorePlugin, stretch } from "../plugin.ts";
import { matchesTerm, nodeSelectorMatches, requiredNodes } from "./node_selector.ts";

const no = ["node(s) didn't match Pod's node affinity/selector"];
const notAdded = ["node(s) didn't match scheduler-enforced node affinity"];

export function nodeAffinityFilter(added: INodeAffinity = {}): FilterPlugin {
  const { requiredDuringSchedulingIgnoredDuringExecution: enforced } = added;
  return {
    name: "NodeAffinity",
    helpedBy: ["nodeAdded", "nodeChanged"],
    prepare({ spec }) {
      const matches = requiredNodes(spec);
      if (!matches && !enforced) return undefined;
      return (node) => {
        if (enforced && !nodeSelectorMatches(enforced, node)) return notAdded;
        return !matches || matches(node) ? undefined : no;
      };
    },
  };
}

export function nodeAffinityScore(added: INodeAffinity = {}): ScorePlugin {
  const { preferredDuringSchedulingIgnoredDuringExecution: always = [] } = added;
  return {
    name: "NodeAffinity",
    weight: 2,
    prepare({ spec }) {
      const { preferredDuringSchedulingIgnoredDuringExecution: own = [] } = spec.affinity?.nodeAffinity ?? {};
      const preferred = [...own, ...always];
      if (preferred.length === 0) return undefined;
      return (nodes) =>
        stretch(nodes.map((node) => {
          let total = 0;
          for (const { weight, preference } of preferred) if (matchesTerm(preference, node)) total += weight;
          return total;
        }));
    },
  };
}
