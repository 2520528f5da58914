/** `PodResizePending` and `PodResizeInProgress`: present only while they hold. Pure. (KEP-1287) */
import type { Allocation } from "./allocation.ts";
import { condition } from "./condition.ts";
import type { PodCondition } from "./pod.ts";

export interface ResizeFacts {
  readonly pending?: Allocation["pending"];
  /** Containers differ from what they were given. */
  readonly underWay: boolean;
  /** Why the last attempt failed. */
  readonly error?: string;
}

export const resizeConditionTypes: readonly string[] = ["PodResizePending", "PodResizeInProgress"];

export function resizeConditions({ pending, underWay, error }: ResizeFacts): PodCondition[] {
  return [
    ...(pending ? [condition("PodResizePending", true, pending.reason, pending.message)] : []),
    ...(underWay ? [condition("PodResizeInProgress", true, error && "Error", error)] : []),
  ];
}
