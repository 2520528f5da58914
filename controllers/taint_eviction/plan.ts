/** When a pod must leave its node for the node's NoExecute taints. Pure. Source: v1 Taint, Toleration. */
import type { ITaint } from "kubernetes-models/v1/Taint";
import type { IToleration } from "kubernetes-models/v1/Toleration";

export function tolerates({ key, operator = "Equal", value = "", effect }: IToleration, taint: ITaint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  if (!key && operator !== "Exists") return false;
  return operator === "Exists" || value === (taint.value ?? "");
}

/**
 * Milliseconds since the epoch; `undefined`: it may stay. A taint that nothing tolerates evicts at once (0). Of several
 * tolerations and of several taints the shortest time counts.
 */
export function evictionTimeMs(taints: readonly ITaint[], tolerations: readonly IToleration[]): number | undefined {
  let earliest: number | undefined;
  for (const taint of taints.filter(({ effect }) => effect === "NoExecute")) {
    const matching = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (matching.length === 0) return 0;
    const limits = matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Infinity);
    const seconds = Math.max(0, Math.min(...limits));
    if (seconds === Infinity) continue;
    const at = Date.parse(taint.timeAdded ?? "") || 0;
    earliest = Math.min(earliest ?? Infinity, at + seconds * 1000);
  }
  return earliest;
}
