/** What a process' control group has used, straight from the kernel: cgroup v1 and v2. */

export interface CgroupFigures {
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
  /** Without file cache that the kernel may drop. */
  readonly workingSetBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly processes: number;
}

/** Folders of the controllers that are read; v2 has one for all. */
export interface CgroupFolders {
  readonly cpu: string;
  readonly memory: string;
  readonly pids: string;
  readonly version: 1 | 2;
}

const root = "/sys/fs/cgroup";

/** `text`: of `/proc/PID/cgroup`. On a machine that has both versions the controllers are in v1. Pure. */
export function cgroupFolders(text: string): CgroupFolders | undefined {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers?.split(",") ?? []) paths.set(controller, path === "/" ? "" : path!);
  }
  const [cpu, memory, pids] = ["cpuacct", "memory", "pids"].map((controller) => paths.get(controller));
  if (cpu !== undefined && memory !== undefined && pids !== undefined) {
    return { cpu: `${root}/cpuacct${cpu}`, memory: `${root}/memory${memory}`, pids: `${root}/pids${pids}`, version: 1 };
  }
  const unified = paths.get("");
  if (unified === undefined) return undefined;
  const folder = `${root}${unified}`;
  return { cpu: folder, memory: folder, pids: folder, version: 2 };
}

/** Absent when the process has ended. */
export async function cgroupFigures(pid: number): Promise<CgroupFigures | undefined> {
  const text = await read(`/proc/${pid}/cgroup`);
  const folders = text === undefined ? undefined : cgroupFolders(text);
  if (!folders) return undefined;
  const [cpu, usage, stat, pids] = await Promise.all(
    (folders.version === 1
      ? [`${folders.cpu}/cpuacct.usage`, `${folders.memory}/memory.usage_in_bytes`]
      : [`${folders.cpu}/cpu.stat`, `${folders.memory}/memory.current`])
      .concat(`${folders.memory}/memory.stat`, `${folders.pids}/pids.current`).map(read),
  );
  if (cpu === undefined || usage === undefined || stat === undefined) return undefined;
  return folders.version === 1 ? figuresV1({ cpu, usage, stat, pids }) : figuresV2({ cpu, usage, stat, pids });
}

/** Of `cpu.stat`, `memory.current`, `memory.stat` and `pids.current`, or of their forerunners in v1. */
export interface CgroupTexts {
  readonly cpu: string;
  readonly usage: string;
  readonly stat: string;
  readonly pids?: string;
}

function figuresV1({ cpu, usage, stat, pids = "0" }: CgroupTexts): CgroupFigures {
  const of = fields(stat);
  return {
    cpuNanoseconds: Number(cpu),
    ...memory(Number(usage), of("total_inactive_file"), of("total_rss")),
    pageFaults: of("total_pgfault"),
    majorPageFaults: of("total_pgmajfault"),
    processes: Number(pids),
  };
}

/** Pure. */
export function figuresV2({ cpu, usage, stat, pids = "0" }: CgroupTexts): CgroupFigures {
  const of = fields(stat);
  return {
    cpuNanoseconds: fields(cpu)("usage_usec") * 1000,
    ...memory(Number(usage), of("inactive_file"), of("anon")),
    pageFaults: of("pgfault"),
    majorPageFaults: of("pgmajfault"),
    processes: Number(pids),
  };
}

function memory(memoryBytes: number, inactiveFile: number, rssBytes: number) {
  return { memoryBytes, workingSetBytes: Math.max(0, memoryBytes - inactiveFile), rssBytes };
}

function fields(text: string): (name: string) => number {
  const values = new Map(text.split("\n").map((line) => line.split(" ") as [string, string]));
  return (name) => Number(values.get(name) ?? 0);
}

function read(path: string): Promise<string | undefined> {
  return Deno.readTextFile(path).catch(() => undefined);
}
