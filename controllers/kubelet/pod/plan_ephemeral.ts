/** Ephemeral containers: each is started once, as soon as its pod has a sandbox, and never again. Pure. (KEP-277) */
import type { ContainerPlan } from "./plan_container.ts";
import type { PodFacts } from "./pod_plan.ts";
import { ephemeralContainersOf, statusesOf } from "./pod.ts";

export function planEphemeral({ pod, observed }: PodFacts): ContainerPlan[] {
  const ran = new Set([
    ...observed.filter(({ isSandbox, state }) => !isSandbox && state.status !== "created").map(({ name }) => name),
    ...statusesOf(pod).filter(({ containerID }) => containerID).map(({ name }) => name),
  ]);
  return ephemeralContainersOf(pod).filter(({ name }) => !ran.has(name)).map(({ name }) => ({
    name,
    steps: [{ type: "start", name, attempt: 0, backOffSeconds: 0 }],
  }));
}
