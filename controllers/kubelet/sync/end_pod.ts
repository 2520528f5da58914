/** Ends a pod for the node's sake: its status says why, and the loop that sees it stops the containers. */
import { isReason, type Json, keyOf, Pod as PodKind, refOf } from "../../../runtime/schema/mod.ts";
import type { Ending } from "../pod/pod_plan.ts";
import type { Pod } from "../pod/pod.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { Agent } from "./agent.ts";

/**
 * Returns when the API server has been told, or could not be: the pod ends either way. `ended` resolves when none of its
 * containers runs any more.
 */
export async function endPod(agent: Agent, pod: Pod, ending: Ending): Promise<{ readonly ended: Promise<void> }> {
  const over = Promise.withResolvers<void>();
  agent.memories.of(pod.metadata.uid).ending = { ...ending, over: over.resolve };
  await tell(agent, pod, ending).catch((error) => agent.context.log.warn("an end could not be told", { error }));
  agent.enqueue(keyOf(pod));
  return { ended: over.promise };
}

async function tell(agent: Agent, pod: Pod, { reason, message }: Ending): Promise<void> {
  const { client, clock } = agent.context;
  const uid = agent.pods.apiUid(pod);
  if (uid === undefined) return;
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "TerminationByKubelet",
    message,
    lastTransitionTime: rfc3339(clock.now()),
  };
  const status = { phase: "Failed", reason, message, conditions: [condition] };
  const body: Json = { metadata: { uid }, status };
  try {
    await client.patch(PodKind, refOf(keyOf(pod)), { type: "strategic", body }, { subresource: "status" });
  } catch (error) {
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}
