/** Taints that forbid (NoSchedule, NoExecute), taints that only ask (PreferNoSchedule), and cordoned nodes. */
import type { Taint } from "../node_state.ts";
import { type FilterPlugin, type ScorePlugin, stretch } from "../plugin.ts";
import { tolerates } from "./tolerations.ts";

const cordoned = ["node(s) were unschedulable"];
/** What the node life cycle puts on a cordoned node; who tolerates it tolerates the cordon. */
const cordonTaint: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

export const nodeUnschedulable: FilterPlugin = {
  name: "NodeUnschedulable",
  helpedBy: ["nodeAdded", "nodeChanged"],
  prepare({ spec }) {
    const { tolerations = [] } = spec;
    if (tolerates(tolerations, cordonTaint)) return undefined;
    return ({ unschedulable }) => unschedulable ? cordoned : undefined;
  },
};

export const taintFilter: FilterPlugin = {
  name: "TaintToleration",
  helpedBy: ["nodeAdded", "nodeChanged"],
  prepare({ spec }) {
    const { tolerations = [] } = spec;
    return ({ taints }) => {
      const repels = taints.some((taint) => taint.effect !== "PreferNoSchedule" && !tolerates(tolerations, taint));
      // Without its name: who may look at pods need not know what nodes are for.
      return repels ? ["node(s) had untolerated taint(s)"] : undefined;
    };
  },
};

export const taintScore: ScorePlugin = {
  name: "TaintToleration",
  weight: 3,
  prepare({ spec }) {
    const tolerations = (spec.tolerations ?? []).filter(({ effect }) => !effect || effect === "PreferNoSchedule");
    const unwanted = (taint: Taint) => taint.effect === "PreferNoSchedule" && !tolerates(tolerations, taint);
    return (nodes) => stretch(nodes.map(({ taints }) => taints.filter(unwanted).length), true);
  },
};
