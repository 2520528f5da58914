/** One pod of `/stats/summary`. */
import { type FsFigures, partOf } from "../node/file_system.ts";
import type { DiskReading } from "../node/disk_meter.ts";
import type { ContainerUsage, PodUsage } from "../node/usage.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import { specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { networkFigures } from "./network_figures.ts";
import { usageStats, withPressure } from "./usage_stats.ts";

interface Facts {
  readonly time: string;
  /** Absent: it is not asked for. */
  readonly disk: DiskReading | undefined;
}

interface PodFacts extends Facts {
  /** Absent: the pod has no control group of its own. */
  readonly whole: PodUsage | undefined;
}

export async function podSummary(agent: Agent, used: readonly ContainerUsage[], facts: PodFacts): Promise<object> {
  const { podName: name, podNamespace: namespace, podUid: uid } = used[0]!.observed;
  const { time, disk, whole } = facts;
  const sandbox = used.find(({ observed }) => observed.isSandbox);
  const containers = used.filter(({ observed }) => !observed.isSandbox);
  const pod = agent.pods.get(`${namespace}/${name}`);
  const isHost = pod ? specOf(pod as never).hostNetwork : false;
  const network = disk && sandbox && !isHost ? await networkFigures(sandbox.observed.state.pid) : undefined;
  return {
    podRef: { name, namespace, uid },
    startTime: pod?.status?.startTime ?? sandbox?.observed.state.startedAt,
    containers: await Promise.all(containers.map((one) => containerSummary(one, facts))),
    ...(whole ? await withPressure(usageStats([whole], time), whole.cgroup) : usageStats(used, time)),
    process_stats: { process_count: used.reduce((sum, { figures }) => sum + figures.processes.length, 0) },
    ...(network && { network: { time, ...network } }),
    ...(disk && await storage(agent, containers, disk)),
  };
}

async function containerSummary(one: ContainerUsage, { time, disk }: Facts): Promise<object> {
  const { observed: { name, state }, cgroup } = one;
  const written = disk?.containers.get(state.id);
  const part = (usedBytes: number) => ({ time: rfc3339(disk!.at), ...withoutInodes(disk!.engineFs), usedBytes });
  return {
    name,
    startTime: rfc3339(Date.parse(state.startedAt)),
    ...await withPressure(usageStats([one], time, state.limits.memoryBytes), cgroup),
    ...(written && { rootfs: part(written.layer), logs: part(written.logs) }),
  };
}

/** docker tells no inodes of one container. */
function withoutInodes({ availableBytes, capacityBytes, inodes, inodesFree }: FsFigures) {
  return { availableBytes, capacityBytes, inodes, inodesFree };
}

async function storage(agent: Agent, containers: readonly ContainerUsage[], disk: DiskReading): Promise<object> {
  const { podUid } = containers[0]?.observed ?? { podUid: "" };
  const time = rfc3339(disk.at);
  const volumes = disk.volumes.get(podUid) ?? [];
  const written = containers.map(({ observed }) => disk.containers.get(observed.state.id) ?? { layer: 0, logs: 0 });
  const scratch = volumes.filter(({ isScratch }) => isScratch);
  const usedBytes = written.reduce((sum, { layer, logs }) => sum + layer + logs, 0) +
    scratch.reduce((sum, one) => sum + one.usedBytes, 0);
  const inodesUsed = scratch.reduce((sum, one) => sum + one.inodesUsed, 0);
  return {
    volume: [
      ...volumes.map(({ isScratch: _, ...one }) => ({ time, ...one })),
      ...(await agent.csi.stats(podUid)).map((one) => ({ time, ...one })),
    ],
    "ephemeral-storage": { time, ...partOf(disk.nodeFs, { usedBytes, inodesUsed }) },
  };
}
