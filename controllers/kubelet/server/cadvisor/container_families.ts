/** What is known of a container beside its control group's figures: limits, processes, disk, times. */
import { processFigures } from "../../node/process_figures.ts";
import type { Figure, Reading } from "./figure.ts";

type Told = readonly [name: string, help: string, value: number | undefined, labels?: Figure["labels"]];

const gauges = (told: readonly Told[]): Figure[] =>
  told.flatMap(([name, help, value, labels]) =>
    value === undefined ? [] : [{ name, type: "gauge" as const, help, value, labels }]
  );

export async function containerSamples(reading: Reading): Promise<Figure[]> {
  const { container } = reading.subject;
  if (!container) return [];
  const { figures, observed: { state: { limits, startedAt } } } = container;
  return gauges([
    ["container_memory_working_set_bytes", "Current working set in bytes.", figures.workingSetBytes],
    ["container_start_time_seconds", "Start time of the container since unix epoch in seconds.", inSeconds(startedAt)],
    ["container_last_seen", "Last time a container was seen by the exporter", Math.floor(reading.at / 1000)],
    ["container_spec_cpu_period", "CPU period of the container.", limits.cpuPeriod ?? 100_000],
    ["container_spec_cpu_quota", "CPU quota of the container.", limits.cpuQuota],
    ["container_spec_cpu_shares", "CPU share of the container.", limits.cpuShares],
    ["container_spec_memory_limit_bytes", "Memory limit for the container.", limits.memoryBytes ?? 0],
    ["container_spec_memory_reservation_limit_bytes", "Memory reservation limit for the container.", 0],
    ["container_spec_memory_swap_limit_bytes", "Memory swap limit for the container.", limits.memoryBytes ?? 0],
    ...await processes(figures.processes),
    ...disk(reading),
  ]);
}

function inSeconds(time: string): number {
  return Date.parse(time) / 1000;
}

async function processes(pids: readonly number[]): Promise<Told[]> {
  const { processes, threads, fileDescriptors, sockets, maxOpenFiles } = await processFigures(pids);
  const ulimits = "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice";
  return [
    ["container_processes", "Number of processes running inside the container.", processes],
    ["container_threads", "Number of threads running inside the container", threads],
    ["container_threads_max", "Maximum number of threads allowed inside the container, infinity if value is zero", 0],
    ["container_file_descriptors", "Number of open file descriptors for the container.", fileDescriptors],
    ["container_sockets", "Number of open sockets for the container.", sockets],
    ["container_ulimits_soft", ulimits, maxOpenFiles, { ulimit: "max_open_files" }],
  ];
}

const ofFs = "that are consumed by the container on this filesystem.";

function disk({ subject: { container }, disk: { containers, engineFs, engineDevice } }: Reading): Told[] {
  const used = containers.get(container!.observed.state.id);
  if (!used) return [];
  const labels = { device: engineDevice };
  return [
    ["container_fs_usage_bytes", `Number of bytes ${ofFs}`, used.layer + used.logs, labels],
    [
      "container_fs_limit_bytes",
      `Number of bytes that can be consumed by the container on this filesystem.`,
      engineFs.capacityBytes,
      labels,
    ],
    ["container_fs_inodes_total", "Number of Inodes", engineFs.inodes, labels],
    ["container_fs_inodes_free", "Number of available Inodes", engineFs.inodesFree, labels],
  ];
}
