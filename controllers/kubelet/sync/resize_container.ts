/** Carries out one container's part of an in-place resize. */
import type { Step } from "../pod/pod_plan.ts";
import { fieldPathOf, ownContainersOf, type Pod } from "../pod/pod.ts";
import { resizeOf } from "../pod/resize.ts";
import type { Agent } from "./agent.ts";
import type { PodMemory } from "./pod_memory.ts";

interface Resizing {
  readonly step: Extract<Step, { type: "resize" }>;
  readonly memory: PodMemory;
}

/** Whether the limits are in force now. The kernel refuses less memory than is in use: that is told, and tried again. */
export async function resizeContainer(agent: Agent, pod: Pod, { step, memory }: Resizing): Promise<boolean> {
  try {
    await agent.engine.update(step.id, step.limits);
    const observed = await agent.mirror.refresh(step.id);
    const container = ownContainersOf(pod).find(({ name }) => name === step.name);
    if (container && observed?.state.status === "running" && resizeOf(pod, container, observed.state.limits)) {
      throw new Error(`the engine kept other limits: ${JSON.stringify(observed.state.limits)}`);
    }
    memory.resizeError = undefined;
    memory.failedSyncs = 0;
    return true;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const fieldPath = fieldPathOf(pod, step.name);
    if (memory.resizeError !== message) {
      agent.context.recorder.event(pod, "Warning", "ResizeError", message, { fieldPath });
    }
    memory.resizeError = message;
    memory.failedSyncs += 1;
    return false;
  }
}
