/**
 * What the node and its containers use now. Asked for, never polled: rates come from two looks, the last one within a minute
 * or else a second one half a second later.
 */
import type { Clock } from "../../../runtime/loop/mod.ts";
import type { Observed } from "../container/identity.ts";
import type { ContainerMirror } from "../container/container_mirror.ts";
import { type CgroupFigures, cgroupFigures, cgroupOf } from "./cgroup.ts";
import { type CgroupFiles, podCgroup } from "./cgroup_files.ts";

export interface CpuUsage {
  /** Since the start. */
  readonly cpuNanoseconds: number;
  /** Billionths of a CPU, now. */
  readonly nanoCores: number;
}

interface MeasuredGroup {
  readonly cgroup: CgroupFiles;
  readonly figures: CgroupFigures;
}

interface Measured extends MeasuredGroup {
  readonly observed: Observed;
}

export interface ContainerUsage extends Measured {
  readonly nanoCores: number;
}

/** Of a pod's own control group. */
export interface PodUsage extends MeasuredGroup {
  readonly nanoCores: number;
}

export interface NodeUsage extends CpuUsage, MachineFigures {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly containers: readonly ContainerUsage[];
  /** Those that have a control group of their own, by uid. With what its ended containers used. */
  readonly pods: ReadonlyMap<string, PodUsage>;
}

interface Look {
  readonly at: number;
  readonly cpu: ReadonlyMap<string, number>;
}

const freshMs = 60_000;
const apartMs = 500;
/** Kernel ticks a second, as /proc/stat counts. */
const ticksPerSecond = 100;
const nodeId = "";

export class UsageMeter {
  #before?: Look;

  constructor(readonly mirror: ContainerMirror, readonly clock: Clock) {}

  async read(): Promise<NodeUsage> {
    const age = this.clock.now() - (this.#before?.at ?? 0);
    if (!this.#before || age > freshMs) this.#before = lookAt(await this.#figures());
    if (this.clock.now() - this.#before.at < apartMs) {
      await new Promise<void>((resolve) => void this.clock.after(apartMs, resolve));
    }
    const figures = await this.#figures();
    const usage = usageOf(figures, this.#before);
    if (figures.at - this.#before.at > freshMs / 4) this.#before = lookAt(figures);
    return usage;
  }

  async #figures(): Promise<Figures> {
    const { mirror, clock } = this;
    const running = mirror.all().filter(({ state }) => state.status === "running");
    const [stat, meminfo, vmstat] = await Promise.all(
      ["stat", "meminfo", "vmstat"].map((name) => Deno.readTextFile(`/proc/${name}`)),
    );
    const containers = (await Promise.all(running.map(measure))).filter((one) => one !== undefined);
    return {
      at: clock.now(),
      ...machineFigures({ stat, meminfo, vmstat }),
      containers,
      pods: await podsOf(containers),
    };
  }
}

/** Absent when it has ended. */
async function measure(observed: Observed): Promise<Measured | undefined> {
  const cgroup = await cgroupOf(observed.state.pid);
  const figures = cgroup && await cgroupFigures(cgroup);
  return figures && { observed, cgroup, figures };
}

async function podsOf(containers: readonly Measured[]): Promise<ReadonlyMap<string, MeasuredGroup>> {
  const groups = new Map(containers.map(({ cgroup, observed: { podUid } }) => [podUid, podCgroup(cgroup, podUid)]));
  const measured = await Promise.all([...groups].map(async ([uid, cgroup]) => {
    const figures = cgroup && await cgroupFigures(cgroup);
    return figures ? [[uid, { cgroup, figures }] as const] : [];
  }));
  return new Map(measured.flat());
}

interface Figures extends MachineFigures {
  readonly at: number;
  readonly containers: readonly Measured[];
  readonly pods: ReadonlyMap<string, MeasuredGroup>;
}

interface MachineFigures {
  readonly cpuNanoseconds: number;
  readonly availableBytes: number;
  readonly workingSetBytes: number;
  readonly freeBytes: number;
  readonly rssBytes: number;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
  readonly swapFreeBytes: number;
  readonly swapBytes: number;
}

/** Texts of `/proc/stat`, `/proc/meminfo` and `/proc/vmstat`. Pure. */
export function machineFigures({ stat = "", meminfo = "", vmstat = "" }): MachineFigures {
  const [, user = 0, nice = 0, system = 0] = stat.split("\n", 1)[0]!.split(/\s+/).map(Number);
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(meminfo)?.[1] ?? 0) * 1024;
  const events = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(vmstat)?.[1] ?? 0);
  const availableBytes = bytes("MemAvailable");
  return {
    cpuNanoseconds: Math.round(((user + nice + system) / ticksPerSecond) * 1e9),
    availableBytes,
    workingSetBytes: bytes("MemTotal") - availableBytes,
    freeBytes: bytes("MemFree"),
    rssBytes: bytes("AnonPages"),
    pageFaults: events("pgfault"),
    majorPageFaults: events("pgmajfault"),
    swapFreeBytes: bytes("SwapFree"),
    swapBytes: bytes("SwapTotal") - bytes("SwapFree"),
  };
}

function lookAt({ at, cpuNanoseconds, containers, pods }: Figures): Look {
  const cpu = containers.map(({ observed, figures }) => [observed.state.id, figures.cpuNanoseconds] as const);
  const ofPods = [...pods].map(([uid, { figures }]) => [uid, figures.cpuNanoseconds] as const);
  return { at, cpu: new Map([[nodeId, cpuNanoseconds], ...cpu, ...ofPods]) };
}

/** Who started since the last look has used nothing before it. Pure. */
function usageOf(figures: Figures, before: Look): NodeUsage {
  const seconds = Math.max(0.001, (figures.at - before.at) / 1000);
  const rate = (id: string, now: number) => Math.max(0, Math.round((now - (before.cpu.get(id) ?? 0)) / seconds));
  return {
    ...figures,
    nanoCores: rate(nodeId, figures.cpuNanoseconds),
    containers: figures.containers.map((one) => ({
      ...one,
      nanoCores: rate(one.observed.state.id, one.figures.cpuNanoseconds),
    })),
    pods: new Map(
      [...figures.pods].map((
        [uid, one],
      ) => [uid, { ...one, nanoCores: rate(uid, one.figures.cpuNanoseconds) }]),
    ),
  };
}
