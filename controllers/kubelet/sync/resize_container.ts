/** Carries out an in-place resize: a container's part of it, and the pod's own group around. (KEP-1287) */
import type { Step } from "../pod/pod_plan.ts";
import { fieldPathOf, ownContainersOf, type Pod } from "../pod/pod.ts";
import { isResized, resizeOf } from "../pod/resize.ts";
import type { Agent } from "./agent.ts";
import type { PodMemory } from "./pod_memory.ts";

interface Resizing {
  readonly step: Extract<Step, { type: "resize" }>;
  readonly memory: PodMemory;
}

/** Whether the limits are in force now. The kernel refuses less memory than is in use: that is told, and tried again. */
export async function resizeContainer(agent: Agent, pod: Pod, { step, memory }: Resizing): Promise<boolean> {
  return await told(agent, pod, { memory, fieldPath: fieldPathOf(pod, step.name) }, async () => {
    await agent.engine.update(step.id, step.limits);
    const observed = await agent.mirror.refresh(step.id);
    const container = ownContainersOf(pod).find(({ name }) => name === step.name);
    if (container && observed?.state.status === "running" && resizeOf(pod, container, observed.state.limits)) {
      throw new Error(`the engine kept other limits: ${JSON.stringify(observed.state.limits)}`);
    }
  });
}

/** Before containers grow, the pod does. Whether it has. */
export async function growGroup(agent: Agent, pod: Pod, memory: PodMemory): Promise<boolean> {
  return await told(agent, pod, { memory }, () => agent.groups.grow(pod));
}

/** After its containers got smaller, the pod does. Once none of them has more than it should, or begins anew for it. */
export async function settleGroup(agent: Agent, pod: Pod, memory: PodMemory): Promise<void> {
  const observed = agent.mirror.of(pod.metadata.uid);
  const begun = observed.some(({ isSandbox, state }) => isSandbox && state.status === "running");
  if (!begun || agent.groups.isSettled(pod) || observed.some((one) => isResized(pod, one))) return;
  await told(agent, pod, { memory }, () => agent.groups.settle(pod));
}

interface Telling {
  readonly memory: PodMemory;
  readonly fieldPath?: string;
}

async function told(
  agent: Agent,
  pod: Pod,
  { memory, fieldPath }: Telling,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    memory.resizeError = undefined;
    memory.failedSyncs = 0;
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (memory.resizeError !== message) {
      agent.context.recorder.event(pod, "Warning", "ResizeError", message, { fieldPath });
    }
    memory.resizeError = message;
    memory.failedSyncs += 1;
    return false;
  }
}
