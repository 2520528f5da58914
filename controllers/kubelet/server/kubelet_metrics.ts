/**
 * `/metrics`: what the agent says of itself and its pods, under the kubelet's names. Most are figures of the present,
 * made when they are asked for.
 *
 * Source: Kubernetes docs, "Kubernetes Metrics Reference", `kubelet (/metrics)`.
 */
import process from "node:process";
import type { DiskReading } from "../node/disk_meter.ts";
import type { FsFigures } from "../node/file_system.ts";
import type { Tally } from "../node/tally.ts";
import { ephemeralContainersOf, isTerminal, type Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { histogramSamples, type Labels, metricFamily } from "./metric_text.ts";

type Row = readonly [value: number, labels?: Labels];

function gauge(name: string, help: string, rows: readonly Row[]): string {
  return metricFamily({ name, type: "gauge", help }, rows.map(([value, labels]) => ({ value, labels })));
}

export async function kubeletMetrics(agent: Agent): Promise<string> {
  const disk = await agent.disks.read();
  const own = [...await ofNode(agent), ...ofPods(agent), ofContainers(agent), ...ofWork(agent.tally), ...ofProcess()];
  return [...own, ...await ofVolumes(agent, disk), ofLogs(agent, disk)].join("");
}

async function ofNode({ options, engine }: Agent): Promise<string[]> {
  const { cgroupVersion } = await engine.info();
  const provider = "Metrics provider used by kubelet to collect container stats. Values can be 'cadvisor' and 'cri'";
  return [
    gauge("kubelet_node_name", "The node's name. The count is always 1.", [[1, { node: options.nodeName }]]),
    gauge("kubelet_cgroup_version", "cgroup version on the hosts.", [[Number(cgroupVersion)]]),
    gauge("kubelet_metrics_provider", provider, [[1, { provider: "cadvisor" }]]),
  ];
}

const counters = {
  kubelet_runtime_operations_total: "Cumulative number of runtime operations by operation type.",
  kubelet_runtime_operations_errors_total: "Cumulative number of runtime operation errors by operation type.",
  kubelet_started_pods_total: "Cumulative number of pods started",
  kubelet_started_containers_total: "Cumulative number of containers started",
  kubelet_started_containers_errors_total: "Cumulative number of errors when starting containers",
  kubelet_evictions: "Cumulative number of pod evictions by eviction signal",
};

const histograms = {
  kubelet_runtime_operations_duration_seconds:
    "Duration in seconds of runtime operations. Broken down by operation type.",
  kubelet_pod_worker_duration_seconds:
    "Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync",
};

function ofWork(tally: Tally): string[] {
  const counted = Object.entries(counters).map(([name, help]) =>
    metricFamily({ name, type: "counter", help }, tally.counts(name))
  );
  const timed = Object.entries(histograms).map(([name, help]) => {
    const samples = tally.durations(name).flatMap(({ labels, value }) => histogramSamples(labels, value));
    return metricFamily({ name, type: "histogram", help }, samples);
  });
  return [...counted, ...timed];
}

function ofPods({ pods, mirror }: Agent): string[] {
  const all = pods.list() as Pod[];
  const ephemeral = all.reduce((sum, pod) => sum + ephemeralContainersOf(pod).length, 0);
  const byOrigin = (some: readonly Pod[]): Row[] =>
    [true, false].map((isStatic) => [
      some.filter((pod) => pods.isStatic(pod) === isStatic).length,
      { static: isStatic ? "true" : "" },
    ]);
  const sandboxes = mirror.all().filter(({ isSandbox, state }) => isSandbox && state.status === "running");
  const instructed =
    "The number of pods the kubelet is being instructed to run. static is true if the pod is not from the " +
    "apiserver.";
  const active =
    "The number of pods the kubelet considers active and which are being considered when admitting new pods. " +
    "static is true if the pod is not from the apiserver.";
  return [
    gauge("kubelet_desired_pods", instructed, byOrigin(all)),
    gauge("kubelet_active_pods", active, byOrigin(all.filter((pod) => !isTerminal(pod)))),
    gauge(
      "kubelet_mirror_pods",
      "The number of mirror pods the kubelet will try to create (one per admitted static pod)",
      [
        [all.filter((pod) => pods.isStatic(pod)).length],
      ],
    ),
    gauge(
      "kubelet_managed_ephemeral_containers",
      "Current number of ephemeral containers in pods managed by this kubelet.",
      [
        [ephemeral],
      ],
    ),
    gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox", [[sandboxes.length]]),
  ];
}

function ofContainers({ mirror }: Agent): string {
  const states = Map.groupBy(mirror.all().filter(({ isSandbox }) => !isSandbox), ({ state }) => state.status);
  const rows = [...states].map(([container_state, all]): Row => [all.length, { container_state }]);
  return gauge("kubelet_running_containers", "Number of containers currently running", rows);
}

const volumeFigures: readonly (readonly [name: string, help: string, key: keyof FsFigures])[] = [
  ["capacity_bytes", "Capacity in bytes of the volume", "capacityBytes"],
  ["available_bytes", "Number of available bytes in the volume", "availableBytes"],
  ["used_bytes", "Number of used bytes in the volume", "usedBytes"],
  ["inodes", "Maximum number of inodes in the volume", "inodes"],
  ["inodes_free", "Number of free inodes in the volume", "inodesFree"],
  ["inodes_used", "Number of used inodes in the volume", "inodesUsed"],
];

/** Of claims; pods that share one have the same figures. */
async function ofVolumes({ pods, csi }: Agent, disk: DiskReading): Promise<string[]> {
  const all = await Promise.all(
    pods.list().map(async ({ metadata: { uid } }) => [...disk.volumes.get(uid) ?? [], ...await csi.stats(uid)]),
  );
  const claimed = new Map(all.flat().flatMap((one) => one.pvcRef ? [[JSON.stringify(one.pvcRef), one] as const] : []));
  return volumeFigures.map(([name, help, key]) => {
    const rows = [...claimed.values()].flatMap((one): Row[] => {
      const { namespace = "", name: persistentvolumeclaim } = one.pvcRef!;
      return one[key] === undefined ? [] : [[one[key], { namespace, persistentvolumeclaim }]];
    });
    return gauge(`kubelet_volume_stats_${name}`, help, rows);
  });
}

function ofLogs({ mirror }: Agent, disk: DiskReading): string {
  const rows = mirror.all().flatMap(({ podUid: uid, podNamespace: namespace, podName: pod, name, state }): Row[] => {
    const found = disk.containers.get(state.id);
    return found ? [[found.logs, { uid, namespace, pod, container: name }]] : [];
  });
  const help = "Bytes used by the container's logs on the filesystem.";
  return gauge("kubelet_container_log_filesystem_used_bytes", help, rows);
}

function ofProcess(): string[] {
  const { user, system } = process.cpuUsage();
  const { rss } = Deno.memoryUsage();
  const descriptors = [...Deno.readDirSync("/proc/self/fd")].length;
  return [
    metricFamily(
      { name: "process_cpu_seconds_total", type: "counter", help: "Total user and system CPU time spent in seconds." },
      [{ value: (user + system) / 1e6 }],
    ),
    gauge("process_open_fds", "Number of open file descriptors.", [[descriptors]]),
    gauge("process_resident_memory_bytes", "Resident memory size in bytes.", [[rss]]),
    gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", [
      [performance.timeOrigin / 1000],
    ]),
  ];
}
