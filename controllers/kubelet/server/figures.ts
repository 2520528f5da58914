/** `/stats/summary` and `/metrics/resource`: what the node and its containers use, as docker and the kernel tell it. */
import type { ContainerStats } from "../../../runtime/engine/mod.ts";
import type { Observed } from "../container/identity.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { Agent } from "../sync/agent.ts";

interface Usage {
  readonly observed: Observed;
  readonly stats: ContainerStats;
}

async function usages(agent: Agent): Promise<Usage[]> {
  const running = agent.mirror.keys().flatMap((key) => agent.mirror.uidsOf(key)).flatMap((uid) => agent.mirror.of(uid))
    .filter((one) => one.state.status === "running");
  const all = await Promise.all(
    running.map(async (observed) => ({ observed, stats: await agent.engine.stats(observed.state.id) })),
  );
  return all.filter((one): one is Usage => one.stats !== undefined);
}

/** Kernel ticks a second, as /proc/stat counts. */
const ticksPerSecond = 100;

async function nodeUsage(agent: Agent) {
  const [stat, meminfo] = await Promise.all([Deno.readTextFile("/proc/stat"), Deno.readTextFile("/proc/meminfo")]);
  const [, user = 0, nice = 0, system = 0] = stat.split("\n", 1)[0]!.split(/\s+/).map(Number);
  const available = Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024;
  return {
    cpuNanoseconds: Math.round(((user + nice + system) / ticksPerSecond) * 1e9),
    workingSetBytes: agent.machine.memoryBytes - available,
    availableBytes: available,
  };
}

export async function statsSummary(agent: Agent): Promise<object> {
  const [node, used] = await Promise.all([nodeUsage(agent), usages(agent)]);
  const time = rfc3339(agent.context.clock.now());
  const pods = Map.groupBy(used, ({ observed }) => observed.podUid);
  return {
    node: {
      nodeName: agent.options.nodeName,
      cpu: { time, usageCoreNanoSeconds: node.cpuNanoseconds },
      memory: { time, workingSetBytes: node.workingSetBytes, availableBytes: node.availableBytes },
    },
    pods: [...pods.values()].map((containers) => podSummary(containers, time)),
  };
}

function podSummary(used: readonly Usage[], time: string): object {
  const { podName, podNamespace, podUid } = used[0]!.observed;
  const sum = (pick: (stats: ContainerStats) => number) => used.reduce((total, { stats }) => total + pick(stats), 0);
  return {
    podRef: { name: podName, namespace: podNamespace, uid: podUid },
    cpu: { time, usageCoreNanoSeconds: sum(({ cpuNanoseconds }) => cpuNanoseconds) },
    memory: { time, workingSetBytes: sum(({ workingSetBytes }) => workingSetBytes) },
    containers: used.filter(({ observed }) => !observed.isSandbox).map(({ observed, stats }) => ({
      name: observed.name,
      startTime: observed.state.startedAt,
      cpu: { time, usageCoreNanoSeconds: stats.cpuNanoseconds },
      memory: { time, usageBytes: stats.memoryBytes, workingSetBytes: stats.workingSetBytes },
    })),
  };
}

/** Prometheus' text format. */
export async function resourceMetrics(agent: Agent): Promise<string> {
  const [node, used] = await Promise.all([nodeUsage(agent), usages(agent)]);
  const containers = used.filter(({ observed }) => !observed.isSandbox);
  return [
    ...family("node_cpu_usage_seconds_total", "counter", [["", node.cpuNanoseconds / 1e9]]),
    ...family("node_memory_working_set_bytes", "gauge", [["", node.workingSetBytes]]),
    ...family(
      "container_cpu_usage_seconds_total",
      "counter",
      containers.map((one) => [labelsOf(one), one.stats.cpuNanoseconds / 1e9]),
    ),
    ...family(
      "container_memory_working_set_bytes",
      "gauge",
      containers.map((one) => [labelsOf(one), one.stats.workingSetBytes]),
    ),
    "",
  ].join("\n");
}

function labelsOf({ observed: { name, podName, podNamespace } }: Usage): string {
  return `{container="${name}",namespace="${podNamespace}",pod="${podName}"}`;
}

function family(name: string, type: string, samples: readonly (readonly [labels: string, value: number])[]): string[] {
  return [`# TYPE ${name} ${type}`, ...samples.map(([labels, value]) => `${name}${labels} ${value}`)];
}
