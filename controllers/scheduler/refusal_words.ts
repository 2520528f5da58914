/** Why a pod has no node, in the words that people search for. */
import type { Placement } from "./place_pod.ts";

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function refusalWords({ nodes, reasons }: Extract<Placement, { type: "refused" }>): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${counted.join(", ")}.`;
}
