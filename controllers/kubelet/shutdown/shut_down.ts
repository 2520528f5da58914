/** Ends the node's pods because the machine goes down: group after group, each within its time. */
import { sleep } from "../../../runtime/loop/mod.ts";
import { keyOf } from "../../../runtime/schema/mod.ts";
import { isTerminal, type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { endPod } from "../sync/end_pod.ts";
import { podsOfGroups, type ShutdownGroup } from "./shutdown_plan.ts";

const message = "Pod was terminated in response to imminent node shutdown.";

/** Returns when no pod runs any more, or when the time is over. */
export async function shutDown(agent: Agent, groups: readonly ShutdownGroup[]): Promise<void> {
  const pods = agent.pods.list().filter((pod) => !isTerminal(pod));
  agent.context.log.info("the machine goes down, pods end", { pods: pods.length });
  for (const [place, members] of podsOfGroups(groups, pods).entries()) {
    await endGroup(agent, members, groups[place]!.seconds);
  }
}

/** The machine stays up: what nobody else starts anew, begins again. */
export function resume(agent: Agent): void {
  for (const { metadata } of agent.pods.statics.list()) {
    agent.memories.forget(metadata.uid);
    agent.enqueue(keyOf({ metadata }));
  }
}

async function endGroup(agent: Agent, pods: readonly Pod[], seconds: number): Promise<void> {
  if (pods.length === 0) return;
  const { clock, signal } = agent.context;
  const over = new AbortController();
  const ends = pods.map(async (pod) => {
    const graceSeconds = Math.min(seconds, specOf(pod).terminationGracePeriodSeconds ?? 30);
    const { ended } = await endPod(agent, pod, { reason: "Terminated", message, graceSeconds });
    await ended;
  });
  const tooLate = sleep(clock, seconds * 1000, AbortSignal.any([signal, over.signal]));
  await Promise.race([Promise.all(ends), tooLate]);
  over.abort();
}
