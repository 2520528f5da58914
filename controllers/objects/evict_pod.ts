/** Deletes a pod that must leave for a taint, after its condition DisruptionTarget and an Event say why. */
import { isReason, keyOf, Pod, refOf } from "../../runtime/schema/mod.ts";
import { applyWrites, deleting, type LoopContext } from "../../runtime/loop/mod.ts";
import { timestamp, withCondition } from "./conditions.ts";
import type { PodObject } from "./pod_state.ts";

export interface EvictionWords {
  readonly event: string;
  /** Of the condition. */
  readonly reason: string;
  readonly message: string;
}

export async function evictPod(pod: PodObject, words: EvictionWords, context: LoopContext): Promise<void> {
  const { client, clock, recorder } = context;
  const { event, reason, message } = words;
  const about = { ...pod, apiVersion: "v1", kind: "Pod" };
  recorder.event(about, "Normal", event, `Marking for deletion Pod ${keyOf(pod)}`);
  const target = { type: "DisruptionTarget", status: "True", reason, message };
  const conditions = withCondition(pod.status?.conditions, target, { now: timestamp(clock.now()) });
  try {
    await client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: "status" });
  } catch (error) {
    if (isReason(error, "NotFound")) return;
    throw error;
  }
  const preconditions = { uid: pod.metadata.uid };
  await applyWrites([deleting(Pod, refOf(keyOf(pod)), { preconditions })], context);
}
