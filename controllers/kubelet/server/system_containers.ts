/** `node.systemContainers`: the agent itself, and all pods together. */
import process from "node:process";
import type { NodeUsage } from "../node/usage.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { MachineFacts } from "../node/machine.ts";
import { usageStats } from "./usage_stats.ts";

export function systemContainers({ bootedAt, memoryBytes }: MachineFacts, { at, containers }: NodeUsage): object[] {
  const time = rfc3339(at);
  return [
    { name: "kubelet", startTime: rfc3339(performance.timeOrigin), ...ownUse(time) },
    { name: "pods", startTime: rfc3339(bootedAt), ...usageStats(containers, time, memoryBytes) },
  ];
}

/** Of this process, whatever else than the agent it is. */
function ownUse(time: string): object {
  const { user, system } = process.cpuUsage();
  const { rss } = Deno.memoryUsage();
  return {
    cpu: { time, usageCoreNanoSeconds: (user + system) * 1000 },
    memory: { time, usageBytes: rss, workingSetBytes: rss, rssBytes: rss },
  };
}
