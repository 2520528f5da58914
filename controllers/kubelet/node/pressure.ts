/** How much memory, disk and how many process ids are left, next to the thresholds at which pods are evicted. */
import { statfs } from "node:fs/promises";
import type { Signal } from "./eviction_plan.ts";
import type { MachineFacts } from "./machine.ts";
import { machineFigures } from "./usage.ts";

const minFreeMemoryBytes = 100 * 1024 * 1024;
const minFreeDiskShare = 0.1;
const minFreeInodeShare = 0.05;
/** On a large disk a tenth is plenty; upstream has no such bound. */
const minFreeDiskBytes = 1024 * 1024 * 1024;
const minFreePidShare = 0.05;

export async function signalsOf({ diskBytes }: MachineFacts): Promise<Signal[]> {
  const [meminfo, disk, pids] = await Promise.all([Deno.readTextFile("/proc/meminfo"), statfs("/"), freePids()]);
  return [
    { resource: "memory", available: machineFigures("", meminfo).availableBytes, threshold: minFreeMemoryBytes },
    {
      resource: "ephemeral-storage",
      available: disk.bavail * disk.bsize,
      threshold: Math.min(minFreeDiskBytes, diskBytes * minFreeDiskShare),
    },
    { resource: "inodes", available: disk.ffree, threshold: Math.floor(disk.files * minFreeInodeShare) },
    pids,
  ];
}

/** Conditions of the Node. Pure. */
export function pressureOf(signals: readonly Signal[]) {
  const isShort = (...names: string[]) =>
    signals.some(({ resource, available, threshold }) => names.includes(resource) && available < threshold);
  return {
    MemoryPressure: isShort("memory"),
    DiskPressure: isShort("ephemeral-storage", "inodes"),
    PIDPressure: isShort("pids"),
  };
}

async function freePids(): Promise<Signal> {
  const [loadavg, text] = await Promise.all([
    Deno.readTextFile("/proc/loadavg"),
    Deno.readTextFile("/proc/sys/kernel/pid_max"),
  ]);
  const limit = Number(text);
  const used = Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0);
  return { resource: "pids", available: limit - used, threshold: Math.floor(limit * minFreePidShare) };
}
