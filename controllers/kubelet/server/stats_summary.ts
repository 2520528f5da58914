/**
 * `/stats/summary`: what the node, its pods and their containers use.
 *
 * Source: Kubernetes docs, "Node metrics data"; the Summary API of the kubelet.
 */
import { statfs } from "node:fs/promises";
import { specOf } from "../pod/pod.ts";
import type { ContainerUsage } from "../node/usage.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { Agent } from "../sync/agent.ts";
import { networkFigures } from "./network_figures.ts";

export async function statsSummary(agent: Agent): Promise<object> {
  const { machine, options, context } = agent;
  const [usage, fs, network, limits] = await Promise.all([
    agent.usage.read(),
    fileSystem("/", rfc3339(context.clock.now())),
    networkFigures("self"),
    processLimits(),
  ]);
  const time = rfc3339(usage.at);
  const pods = Map.groupBy(usage.containers, ({ observed }) => observed.podUid);
  return {
    node: {
      nodeName: options.nodeName,
      startTime: rfc3339(machine.bootedAt),
      cpu: { time, usageNanoCores: usage.nanoCores, usageCoreNanoSeconds: usage.cpuNanoseconds },
      memory: {
        time,
        availableBytes: usage.availableBytes,
        usageBytes: machine.memoryBytes - usage.availableBytes,
        workingSetBytes: usage.workingSetBytes,
      },
      network: { time, ...network },
      fs,
      runtime: { imageFs: fs, containerFs: fs },
      rlimit: { time, ...limits },
    },
    pods: await Promise.all([...pods.values()].map((used) => podSummary(agent, used, time))),
  };
}

async function podSummary(agent: Agent, used: readonly ContainerUsage[], time: string): Promise<object> {
  const { podName, podNamespace, podUid } = used[0]!.observed;
  const sandbox = used.find(({ observed }) => observed.isSandbox);
  const pod = agent.pods.get(`${podNamespace}/${podName}`);
  const isHost = pod ? specOf(pod as never).hostNetwork : false;
  const network = sandbox && !isHost ? await networkFigures(sandbox.observed.state.pid) : undefined;
  return {
    podRef: { name: podName, namespace: podNamespace, uid: podUid },
    startTime: pod?.status?.startTime ?? sandbox?.observed.state.startedAt,
    containers: used.filter(({ observed }) => !observed.isSandbox).map((one) => containerSummary(one, time)),
    ...sums(used, time),
    ...(network && { network: { time, ...network } }),
    volume: (await agent.csi.stats(podUid)).map((stats) => ({ time, ...stats })),
  };
}

function sums(used: readonly ContainerUsage[], time: string): object {
  const sum = (pick: (one: ContainerUsage) => number) => used.reduce((total, one) => total + pick(one), 0);
  return {
    cpu: { time, usageNanoCores: sum(({ nanoCores }) => nanoCores), usageCoreNanoSeconds: sum(cpuOf) },
    memory: {
      time,
      usageBytes: sum(({ figures }) => figures.memoryBytes),
      workingSetBytes: sum(({ figures }) => figures.workingSetBytes),
      rssBytes: sum(({ figures }) => figures.rssBytes),
      pageFaults: sum(({ figures }) => figures.pageFaults),
      majorPageFaults: sum(({ figures }) => figures.majorPageFaults),
    },
    process_stats: { process_count: sum(({ figures }) => figures.processes) },
  };
}

function cpuOf({ figures }: ContainerUsage): number {
  return figures.cpuNanoseconds;
}

function containerSummary(one: ContainerUsage, time: string): object {
  const { observed, figures, nanoCores } = one;
  const { memoryBytes, workingSetBytes, rssBytes, pageFaults, majorPageFaults } = figures;
  return {
    name: observed.name,
    startTime: observed.state.startedAt,
    cpu: { time, usageNanoCores: nanoCores, usageCoreNanoSeconds: figures.cpuNanoseconds },
    memory: { time, usageBytes: memoryBytes, workingSetBytes, rssBytes, pageFaults, majorPageFaults },
  };
}

async function fileSystem(path: string, time: string): Promise<object> {
  const { bsize, blocks, bavail, bfree, files, ffree } = await statfs(path);
  return {
    time,
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
    inodesUsed: files - ffree,
  };
}

async function processLimits(): Promise<{ maxpid: number; curproc: number }> {
  const [loadavg, limit] = await Promise.all([
    Deno.readTextFile("/proc/loadavg"),
    Deno.readTextFile("/proc/sys/kernel/pid_max"),
  ]);
  return { maxpid: Number(limit), curproc: Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0) };
}
