/** Why a pod has no node, in the words that people search for. */
import type { Refused } from "./place_pod.ts";

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function refusalWords({ nodes, reasons, everywhere }: Refused): string {
  if (nodes === 0) return "no nodes available to schedule pods";
  return everywhere === undefined ? countedReasons(nodes, reasons) : `0/${nodes} nodes are available: ${everywhere}.`;
}

export function countedReasons(nodes: number, reasons: ReadonlyMap<string, number>): string {
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${nodes} nodes are available: ${counted.join(", ")}.`;
}
