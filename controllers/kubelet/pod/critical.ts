/** Pods that the node lives by: it refuses and evicts others before them. Pure. */
import { type Pod, specOf } from "./pod.ts";

const critical = 2_000_000_000;

export interface Standing {
  readonly pod: Pod;
  /** It comes from a file of this node, whatever its annotations say: nobody starts it elsewhere. */
  readonly isStatic: boolean;
}

export function isCritical({ pod, isStatic }: Standing): boolean {
  return isStatic || (specOf(pod).priority ?? 0) >= critical;
}
