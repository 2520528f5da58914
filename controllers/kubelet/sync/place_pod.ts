/** The pod's place on the node: what it may use of it, or why there is none. */
import { allocate, type Allocation, roomOf } from "../pod/allocation.ts";
import { refuse } from "../pod/admission.ts";
import type { Pod } from "../pod/pod.ts";
import type { Refusal } from "../pod/pod_plan.ts";
import type { Agent } from "./agent.ts";

export interface Place extends Allocation {
  readonly refusal?: Refusal;
}

export function place(agent: Agent, pod: Pod): Place {
  if (pod.metadata.deletionTimestamp) return { pod };
  // Also what an agent that died had begun with and not told yet: what runs is never refused.
  if (isPlaced(agent, pod)) return allocate(pod, () => roomFor(agent, pod));
  const facts = {
    pod,
    others: othersThan(agent, pod),
    room: roomFor(agent, pod),
    maxPods: Number(agent.amounts.allocatable.pods),
    isStatic: agent.pods.isStatic(pod),
    pressures: Object.entries(agent.pressure()).filter(([, holds]) => holds).map(([type]) => type),
    shuttingDown: agent.shuttingDown,
    hasAppArmor: agent.machine.hasAppArmor,
    allowedSysctls: agent.configuration.allowedUnsafeSysctls,
  };
  return { pod, refusal: refuse(facts) };
}

/** Those that have a place already: two that came together are taken in the order in which they are looked at. */
function othersThan(agent: Agent, { metadata }: Pod): readonly Pod[] {
  const pods = agent.pods.list() as readonly Pod[];
  return pods.filter((other) => other.metadata.uid !== metadata.uid && isPlaced(agent, other));
}

function isPlaced(agent: Agent, { metadata, status }: Pod): boolean {
  return status?.startTime !== undefined || agent.mirror.of(metadata.uid).length > 0;
}

function roomFor(agent: Agent, pod: Pod) {
  return roomOf(agent.amounts.allocatable, othersThan(agent, pod));
}

/** Room was made: resizes that wait for it are looked at again. */
export function retryDeferred(agent: Agent): void {
  for (const { metadata, status } of agent.pods.list()) {
    const waits = status?.conditions?.some(({ type, reason }) => type === "PodResizePending" && reason === "Deferred");
    if (waits) agent.enqueue(`${metadata.namespace}/${metadata.name}`);
  }
}
