/** The `PodScheduled` condition of a pod that has no node yet. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { type Json, keyOf, Pod, refOf, type Stored } from "../../runtime/schema/mod.ts";

export interface Unscheduled {
  readonly reason: "Unschedulable" | "SchedulingGated" | "SchedulerError";
  readonly message: string;
  /** The node that the pod is promised; null takes a promise back, absent leaves it as it is. */
  readonly nominatedNode?: string | null;
}

/** Writes only what differs. */
export async function tellUnscheduled(
  pod: Stored<IPod>,
  { reason, message, nominatedNode }: Unscheduled,
  { client, clock }: LoopContext,
): Promise<void> {
  const present = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  const told = present?.status === "False" && present.reason === reason && present.message === message;
  const promised = nominatedNode === undefined || (pod.status?.nominatedNodeName ?? null) === nominatedNode;
  if (told && promised) return;
  const now = new Date(clock.now()).toISOString().slice(0, 19) + "Z";
  const lastTransitionTime = present?.status === "False" ? present.lastTransitionTime ?? now : now;
  const condition: Json = { type: "PodScheduled", status: "False", reason, message, lastTransitionTime };
  const nomination: Record<string, Json> = promised ? {} : { nominatedNodeName: nominatedNode };
  const body: Json = { metadata: { uid: pod.metadata.uid }, status: { conditions: [condition], ...nomination } };
  await client.patch(Pod, refOf(keyOf(pod)), { type: "strategic", body }, { subresource: "status" });
}
