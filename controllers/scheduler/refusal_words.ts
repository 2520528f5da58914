/** Why a pod has no node, in the words that people search for. */
import type { Refused } from "./place_pod.ts";

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function refusalWords({ nodes, reasons }: Refused): string {
  return nodes === 0 ? "no nodes available to schedule pods" : countedReasons(nodes, reasons);
}

export function countedReasons(nodes: number, reasons: ReadonlyMap<string, number>): string {
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${counted.join(", ")}.`;
}
