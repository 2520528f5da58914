/** In-place resize: how far a container's limits are from what is asked, and the way there. Pure. (KEP-1287) */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { cgroupLimits } from "../container/resources.ts";
import type { Observed } from "../container/identity.ts";
import { type Container, ownContainersOf, type Pod } from "./pod.ts";

const parts = {
  cpu: ["cpuShares", "cpuQuota", "cpuPeriod"],
  memory: ["memoryBytes"],
} as const;

/** Whether it runs with other limits than it should. */
export function isResized(pod: Pod, { name, state, isSandbox }: Observed): boolean {
  const container = isSandbox ? undefined : ownContainersOf(pod).find((one) => one.name === name);
  return container !== undefined && state.status === "running" && resizeOf(pod, container, state.limits) !== undefined;
}

/** The limits to set, `restart` when the container wants to begin anew for it, or nothing when they are in force. */
export function resizeOf(
  pod: Pod,
  container: Container,
  present: ResourceLimits,
): ResourceLimits | "restart" | undefined {
  const wanted = cgroupLimits(pod, container);
  const changed = (["cpu", "memory"] as const).filter((name) =>
    parts[name].some((part) => wanted[part] !== present[part])
  );
  if (changed.length === 0) return undefined;
  const policies = container.resizePolicy ?? [];
  const restarts = policies.some(({ resourceName, restartPolicy }) =>
    restartPolicy === "RestartContainer" && changed.some((name) => name === resourceName)
  );
  return restarts ? "restart" : wanted;
}
