/** What a control group has used, straight from the kernel: cgroup v1 and v2. */
import { type CgroupFiles, cgroupFiles, figureAt } from "./cgroup_files.ts";

export interface CgroupFigures {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  /** Without file cache that the kernel may drop. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly swapBytes: number;
  /** Absent: as much as there is. */
  readonly swapLimitBytes?: number;
  /** Their ids, as this process sees them. */
  readonly processes: readonly number[];
}

const places = {
  cpuNanoseconds: { 1: "cpuacct/cpuacct.usage", 2: "cpu.stat usage_usec" },
  memoryBytes: { 1: "memory/memory.usage_in_bytes", 2: "memory.current" },
  inactiveFile: { 1: "memory/memory.stat total_inactive_file", 2: "memory.stat inactive_file" },
  rssBytes: { 1: "memory/memory.stat total_rss", 2: "memory.stat anon" },
  pageFaults: { 1: "memory/memory.stat total_pgfault", 2: "memory.stat pgfault" },
  majorPageFaults: { 1: "memory/memory.stat total_pgmajfault", 2: "memory.stat pgmajfault" },
  swapBytes: { 1: "memory/memory.stat total_swap", 2: "memory.swap.current" },
} as const;

/** Absent when the process has ended. */
export async function cgroupOf(pid: number): Promise<CgroupFiles | undefined> {
  const text = await Deno.readTextFile(`/proc/${pid}/cgroup`).catch(() => undefined);
  return text === undefined ? undefined : cgroupFiles(text);
}

/** Absent when the group is gone. */
export async function cgroupFigures(files: CgroupFiles): Promise<CgroupFigures | undefined> {
  const at = (name: keyof typeof places) => figureAt(files, places[name][files.version]);
  const [cpu, memoryBytes] = await Promise.all([at("cpuNanoseconds"), at("memoryBytes")]);
  if (cpu === undefined || memoryBytes === undefined) return undefined;
  return {
    cpuNanoseconds: files.version === 1 ? cpu : cpu * 1000,
    memoryBytes,
    workingSetBytes: Math.max(0, memoryBytes - (await at("inactiveFile") ?? 0)),
    rssBytes: await at("rssBytes") ?? 0,
    pageFaults: await at("pageFaults") ?? 0,
    majorPageFaults: await at("majorPageFaults") ?? 0,
    swapBytes: await at("swapBytes") ?? 0,
    ...await swapLimit(files),
    processes: await processesIn(files),
  };
}

/** Version 1 limits memory and swap together; a limit beyond all memory is none. */
async function swapLimit(files: CgroupFiles): Promise<Pick<CgroupFigures, "swapLimitBytes">> {
  const [most, memory] = files.version === 1
    ? await Promise.all(
      ["memsw.limit_in_bytes", "limit_in_bytes"].map((name) => figureAt(files, `memory/memory.${name}`)),
    )
    : [await figureAt(files, "memory.swap.max"), 0];
  return most === undefined || most > 2 ** 53 ? {} : { swapLimitBytes: Math.max(0, most - (memory ?? 0)) };
}

async function processesIn(files: CgroupFiles): Promise<number[]> {
  const text = await files.text(files.version === 1 ? "memory/cgroup.procs" : "cgroup.procs");
  return (text ?? "").split("\n").filter((line) => line !== "").map(Number);
}
