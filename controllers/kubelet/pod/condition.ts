/** One of a pod's conditions, before its times are known. */
import type { PodCondition } from "./pod.ts";

export function condition(type: string, holds: boolean, reason?: string, message?: string): PodCondition {
  return {
    type,
    status: holds ? "True" : "False",
    ...(reason && { reason }),
    ...(message && { message }),
  } as PodCondition;
}
