/** Whether memory, disk or process ids run short: the thresholds at which upstream's kubelet begins to evict. */
import { statfs } from "node:fs/promises";
import type { MachineFacts } from "./machine.ts";

const minFreeMemoryBytes = 100 * 1024 * 1024;
const minFreeDiskShare = 0.1;
const minFreeDiskBytes = 1024 * 1024 * 1024;
const minFreePidShare = 0.05;

export async function pressureOf({ diskBytes }: MachineFacts) {
  const [meminfo, disk, pids] = await Promise.all([Deno.readTextFile("/proc/meminfo"), statfs("/"), usedPidShare()]);
  const freeDisk = Number(disk.bavail) * Number(disk.bsize);
  return {
    MemoryPressure: availableMemory(meminfo) < minFreeMemoryBytes,
    DiskPressure: freeDisk < Math.min(minFreeDiskBytes, diskBytes * minFreeDiskShare),
    PIDPressure: pids > 1 - minFreePidShare,
  };
}

function availableMemory(meminfo: string): number {
  return Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

async function usedPidShare(): Promise<number> {
  const [loadavg, limit] = await Promise.all([
    Deno.readTextFile("/proc/loadavg"),
    Deno.readTextFile("/proc/sys/kernel/pid_max"),
  ]);
  return Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0) / Number(limit);
}
