/** Carries a preemption out: victims are marked, told and deleted; promises they stood behind are taken back. */
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { isReason, type Json, Pod, refOf } from "../../runtime/schema/mod.ts";
import type { PodFacts } from "./pod_facts.ts";

export interface Preempting {
  readonly pod: PodFacts;
  readonly node: string;
  readonly victims: readonly PodFacts[];
  /** Less important pods that were promised the node. */
  readonly displaced: readonly PodFacts[];
  readonly schedulerName: string;
}

export async function preempt(preempting: Preempting, context: LoopContext): Promise<void> {
  const { victims, displaced } = preempting;
  await Promise.all([
    ...victims.map((victim) => unlessGone(() => takeAway(victim, preempting, context))),
    ...displaced.map(({ key }) => unlessGone(() => takeBackPromise(key, context))),
  ]);
}

async function takeAway({ key, uid }: PodFacts, { pod, node, schedulerName }: Preempting, context: LoopContext) {
  const { client, clock, recorder, informers } = context;
  const live = informers.of(Pod).get(key);
  if (live?.metadata.uid !== uid || live.metadata.deletionTimestamp) return;
  const condition: Json = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
    lastTransitionTime: new Date(clock.now()).toISOString().slice(0, 19) + "Z",
  };
  const body: Json = { metadata: { uid }, status: { conditions: [condition] } };
  await client.patch(Pod, refOf(key), { type: "strategic", body }, { subresource: "status" });
  await client.delete(Pod, refOf(key), { preconditions: { uid } });
  recorder.event(live, "Normal", "Preempted", `Preempted by pod ${pod.uid} on node ${node}`, {
    component: schedulerName,
  });
}

async function takeBackPromise(key: string, { client }: LoopContext): Promise<void> {
  const body: Json = { status: { nominatedNodeName: null } };
  await client.patch(Pod, refOf(key), { type: "merge", body }, { subresource: "status" });
}

async function unlessGone(write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
  }
}
