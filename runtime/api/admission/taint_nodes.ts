/** TaintNodesByCondition: a new node takes no pods before somebody has seen it well. */
import type { AdmissionPlugin } from "./admission.ts";
import { created } from "./written.ts";

interface Node {
  spec?: { taints?: { key: string; effect: string; value?: string }[] };
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

export const taintNodes: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  admit(request) {
    const node = created<Node>(request, "nodes");
    if (!node) return;
    const spec = node.spec ??= {};
    const taints = spec.taints ?? [];
    if (taints.some(({ key, effect }) => key === notReady.key && effect === notReady.effect)) return;
    spec.taints = [...taints, { ...notReady }];
  },
};
