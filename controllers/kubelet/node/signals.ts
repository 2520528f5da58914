/** How much memory, disk and how many process ids are left of how many. */
import { statfs } from "node:fs/promises";
import type { SignalName } from "../configuration/thresholds.ts";
import { machineFigures } from "./usage.ts";

/** Bytes, inodes or process ids. */
export interface Observation {
  readonly signal: SignalName;
  readonly available: number;
  readonly capacity: number;
}

export interface MeasuredFolders {
  /** Pods' files are in it. */
  readonly node: string;
  /** The engine's images and containers are in it. */
  readonly images: string;
}

export async function observeMachine(folders: MeasuredFolders, memoryBytes: number): Promise<Observation[]> {
  const [meminfo, node, images, pids] = await Promise.all([
    Deno.readTextFile("/proc/meminfo"),
    disk("nodefs", folders.node),
    disk("imagefs", folders.images),
    freePids(),
  ]);
  const { availableBytes } = machineFigures({ meminfo });
  return [{ signal: "memory.available", available: availableBytes, capacity: memoryBytes }, ...node, ...images, pids];
}

async function disk(name: "nodefs" | "imagefs", folder: string): Promise<Observation[]> {
  const { bavail, bsize, blocks, ffree, files } = await statfs(folder);
  return [
    { signal: `${name}.available`, available: bavail * bsize, capacity: blocks * bsize },
    { signal: `${name}.inodesFree`, available: ffree, capacity: files },
  ];
}

async function freePids(): Promise<Observation> {
  const [loadavg, text] = await Promise.all([
    Deno.readTextFile("/proc/loadavg"),
    Deno.readTextFile("/proc/sys/kernel/pid_max"),
  ]);
  const capacity = Number(text);
  const used = Number(/\/(\d+) /.exec(loadavg)?.[1] ?? 0);
  return { signal: "pid.available", available: capacity - used, capacity };
}
