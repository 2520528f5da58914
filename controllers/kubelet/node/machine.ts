/** What the machine is: figures that don't change while the agent runs. Read from /proc, /sys and /etc. */
import { hostname } from "node:os";
import { type Capabilities, capabilitiesIn } from "../container/capabilities.ts";

export interface MachineFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  /** Milliseconds since the epoch. */
  readonly bootedAt: number;
  readonly diskBytes: number;
  readonly hostname: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly architecture: "amd64" | "arm64";
  readonly capabilities: Capabilities;
  readonly hasAppArmor: boolean;
  /** Resource name to quantity: what there is. */
  readonly capacity: Readonly<Record<string, string>>;
}

export async function machineFacts(): Promise<MachineFacts> {
  const machineId = await firstLine("/etc/machine-id");
  const cpus = navigator.hardwareConcurrency;
  const memoryBytes = memoryTotal(await Deno.readTextFile("/proc/meminfo"));
  const diskBytes = await rootDiskBytes();
  return {
    cpus,
    memoryBytes,
    bootedAt: bootTime(await Deno.readTextFile("/proc/stat")),
    diskBytes,
    hostname: hostname(),
    machineId,
    // Firmware that tells none is common among virtual machines.
    systemUuid: await firstLine("/sys/class/dmi/id/product_uuid") || machineId,
    bootId: await firstLine("/proc/sys/kernel/random/boot_id"),
    kernelVersion: await firstLine("/proc/sys/kernel/osrelease"),
    osImage: osImage(await Deno.readTextFile("/etc/os-release").catch(() => "")),
    architecture: Deno.build.arch === "aarch64" ? "arm64" : "amd64",
    capabilities: capabilitiesIn(
      await Deno.readTextFile("/proc/self/status"),
      Number(await firstLine("/proc/sys/kernel/cap_last_cap")),
    ),
    hasAppArmor: (await firstLine("/sys/module/apparmor/parameters/enabled")) === "Y",
    capacity: {
      cpu: String(cpus),
      memory: `${Math.floor(memoryBytes / 1024)}Ki`,
      "ephemeral-storage": String(diskBytes),
    },
  };
}

export function memoryTotal(meminfo: string): number {
  return Number(/^MemTotal:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024;
}

function bootTime(stat: string): number {
  return Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0) * 1000;
}

/** Without CAP_SYS_RESOURCE `oom_score_adj` can't be lowered, and runc fails when it is told to. */
export function mayLowerOomScore({ capabilities }: MachineFacts): boolean {
  return !capabilities.missing.includes("CAP_SYS_RESOURCE");
}

function osImage(release: string): string {
  return /^PRETTY_NAME="?([^"\n]*)"?/m.exec(release)?.[1] ?? "Linux";
}

async function firstLine(path: string): Promise<string> {
  return await Deno.readTextFile(path).then((text) => text.trim(), () => "");
}

async function rootDiskBytes(): Promise<number> {
  const { statfs } = await import("node:fs/promises");
  const { bsize, blocks } = await statfs("/");
  return Number(bsize) * Number(blocks);
}
