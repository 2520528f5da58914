/**
 * `/stats/summary`: what the node, its pods, their containers and volumes use. With `only_cpu_and_memory` nothing else is
 * looked at.
 *
 * Source: Kubernetes docs, "Node metrics data"; the Summary API, `k8s.io/kubelet/pkg/apis/stats/v1alpha1`.
 */
import type { NodeUsage } from "../node/usage.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { Agent } from "../sync/agent.ts";
import { networkFigures } from "./network_figures.ts";
import { podSummary } from "./pod_summary.ts";
import { systemContainers } from "./system_containers.ts";
import { stallOf } from "./usage_stats.ts";

export async function statsSummary(agent: Agent, query: URLSearchParams): Promise<object> {
  const usage = await agent.usage.read();
  const disk = query.get("only_cpu_and_memory") === "true" ? undefined : await agent.disks.read();
  const pods = [...Map.groupBy(usage.containers, ({ observed }) => observed.podUid)];
  const facts = { time: rfc3339(usage.at), disk };
  return {
    node: { ...await nodeSummary(agent, usage), ...(disk && await wholeNode(agent, usage)) },
    pods: await Promise.all(
      pods.map(([uid, used]) => podSummary(agent, used, { ...facts, whole: usage.pods.get(uid) })),
    ),
  };
}

async function nodeSummary(agent: Agent, usage: NodeUsage): Promise<object> {
  const { machine, options } = agent;
  const time = rfc3339(usage.at);
  return {
    nodeName: options.nodeName,
    startTime: rfc3339(machine.bootedAt),
    systemContainers: systemContainers(machine, usage),
    cpu: {
      time,
      usageNanoCores: usage.nanoCores,
      usageCoreNanoSeconds: usage.cpuNanoseconds,
      ...await pressure("cpu"),
    },
    memory: {
      time,
      availableBytes: usage.availableBytes,
      usageBytes: machine.memoryBytes - usage.freeBytes,
      workingSetBytes: usage.workingSetBytes,
      rssBytes: usage.rssBytes,
      pageFaults: usage.pageFaults,
      majorPageFaults: usage.majorPageFaults,
      ...await pressure("memory"),
    },
    swap: { time, swapAvailableBytes: usage.swapFreeBytes, swapUsageBytes: usage.swapBytes },
  };
}

async function wholeNode(agent: Agent, usage: NodeUsage): Promise<object> {
  const [disk, images] = await Promise.all([agent.disks.read(), agent.engine.images()]);
  const time = rfc3339(usage.at);
  const imageBytes = images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const layerBytes = [...disk.containers.values()].reduce((sum, { layer }) => sum + layer, 0);
  const fsTime = { time: rfc3339(disk.at) };
  const io = await pressure("io");
  return {
    ...("psi" in io && { io: { time, ...io } }),
    network: { time, ...await networkFigures("self") },
    fs: { ...fsTime, ...disk.nodeFs },
    runtime: {
      imageFs: { ...fsTime, ...disk.engineFs, usedBytes: imageBytes },
      containerFs: { ...fsTime, ...disk.engineFs, usedBytes: layerBytes },
    },
    rlimit: { time, ...await processLimits() },
  };
}

async function pressure(resource: string): Promise<object> {
  return stallOf(await Deno.readTextFile(`/proc/pressure/${resource}`).catch(() => undefined));
}

async function processLimits(): Promise<{ maxpid: number; curproc: number }> {
  const read = (path: string) => Deno.readTextFile(`/proc/${path}`);
  const [loadavg, ...limits] = await Promise.all(
    ["loadavg", "sys/kernel/pid_max", "sys/kernel/threads-max"].map(read),
  );
  return { maxpid: Math.min(...limits.map(Number)), curproc: Number(/\/(\d+) /.exec(loadavg!)?.[1] ?? 0) };
}
