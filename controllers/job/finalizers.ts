/** Puts the finalizer by which a Job counts on pods, and takes it off. */
import { isReason, keyOf, Pod, refOf } from "../../runtime/schema/mod.ts";
import { type LoopContext, seen } from "../../runtime/loop/mod.ts";
import { isTracked, trackingFinalizer } from "./tally.ts";
import type { PodObject } from "../objects/pod_state.ts";

/** They are counted, or nobody counts any more. */
export async function letGo(pods: readonly PodObject[], context: LoopContext): Promise<void> {
  const patch = { "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] };
  await Promise.all(pods.filter(isTracked).map((pod) => write(pod, patch, context)));
}

/** Adopted pods are counted like the Job's own. */
export async function track(pods: readonly PodObject[], context: LoopContext): Promise<void> {
  await Promise.all(pods.map((pod) => write(pod, { finalizers: [trackingFinalizer] }, context)));
}

/** Lists of finalizers merge, so that others may change theirs at the same time. */
async function write(pod: PodObject, metadata: Record<string, string[]>, context: LoopContext): Promise<void> {
  const body = { metadata: { uid: pod.metadata.uid, ...metadata } };
  try {
    await seen(Pod, await context.client.patch(Pod, refOf(keyOf(pod)), { type: "strategic", body }), context);
  } catch (error) {
    // Gone, or another pod took the name.
    if (!isReason(error, "NotFound", "Conflict", "Invalid")) throw error;
  }
}
