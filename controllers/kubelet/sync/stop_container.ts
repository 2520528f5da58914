/** Stopping one container: hook, signal, grace, kill. It goes on beside the loop, so that the pod stays in view meanwhile. */
import type { Step } from "../pod/pod_plan.ts";
import { allContainersOf, fieldPathOf, type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "./agent.ts";
import { runPreStop } from "./lifecycle.ts";
import type { PodMemory } from "./pod_memory.ts";

export interface Stopping {
  readonly step: Extract<Step, { type: "stop" }>;
  readonly memory: PodMemory;
}

/** Even who has no time gets a second to obey. */
const minGraceSeconds = 1;
/** After a hook that took all the grace, the process still gets this long. */
const afterHookSeconds = 2;

/** Returns at once; the end arrives as docker's event. */
export function beginStop(agent: Agent, pod: Pod, { step, memory }: Stopping): void {
  const grace = Math.max(minGraceSeconds, step.grace ?? specOf(pod).terminationGracePeriodSeconds ?? 30);
  const until = agent.context.clock.now() + grace * 1000;
  const before = memory.stopping.get(step.id);
  if (before !== undefined && before <= until) return;
  memory.stopping.set(step.id, until);
  if (before !== undefined) return cut(agent, step.id, grace);
  agent.context.recorder.event(pod, "Normal", "Killing", step.message, { fieldPath: fieldPathOf(pod, step.name) });
  stop(agent, pod, { step, grace }).catch((error) => {
    const reason = error instanceof Error ? error.message : String(error);
    agent.context.recorder.event(pod, "Warning", "FailedKillPod", `error killing pod: ${reason}`);
    agent.context.log.error("container could not be stopped", { container: step.name, error });
  }).finally(async () => {
    await agent.mirror.refresh(step.id).catch(() => {});
    memory.stopping.delete(step.id);
    agent.enqueue(`${pod.metadata.namespace}/${pod.metadata.name}`);
  });
}

/** The stop that is under way ends with the container. */
function cut(agent: Agent, id: string, grace: number): void {
  agent.engine.stop(id, grace).catch((error) => agent.context.log.error("stop could not be cut short", { error }));
}

async function stop(agent: Agent, pod: Pod, { step, grace }: { step: Stopping["step"]; grace: number }): Promise<void> {
  const { clock } = agent.context;
  const began = clock.now();
  const container = allContainersOf(pod).find(({ name }) => name === step.name);
  const handler = container?.lifecycle?.preStop;
  if (container && handler) await runPreStop(agent, pod, { container, id: step.id, handler, graceSeconds: grace });
  const spent = Math.floor((clock.now() - began) / 1000);
  await agent.engine.stop(step.id, handler ? Math.max(afterHookSeconds, grace - spent) : grace);
}
