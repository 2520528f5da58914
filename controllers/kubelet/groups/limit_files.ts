/**
 * Limits as the kernel's files and systemd's properties say them, in both versions of control groups. Pure: rows.
 *
 * Source: the kernel's cgroup-v1 and cgroup-v2 documents; systemd.resource-control(5).
 */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";

export type CgroupVersion = 1 | 2;

export interface LimitFile {
  readonly controller: "cpu" | "memory" | "pids";
  readonly file: string;
  readonly text: (limits: ResourceLimits) => string;
  /** Absent: nobody asks. */
  readonly limits?: (text: string) => ResourceLimits;
}

const kernelShares = 1024;
/** The kernel's own too. */
const period = 100_000;
/** What v1 says for "no limit": the largest number of whole pages. */
const endless = 2 ** 62;

export const limitFiles: Readonly<Record<CgroupVersion, readonly LimitFile[]>> = {
  1: [
    { controller: "cpu", file: "cpu.shares", text: ({ cpuShares }) => String(cpuShares ?? kernelShares) },
    {
      controller: "cpu",
      file: "cpu.cfs_quota_us",
      text: ({ cpuQuota }) => String(cpuQuota ?? -1),
      limits: (text) => Number(text) > 0 ? { cpuQuota: Number(text) } : {},
    },
    {
      controller: "memory",
      file: "memory.limit_in_bytes",
      text: ({ memoryBytes }) => String(memoryBytes ?? -1),
      limits: (text) => Number(text) < endless ? { memoryBytes: Number(text) } : {},
    },
    { controller: "pids", file: "pids.max", text: ({ pids }) => String(pids ?? "max") },
  ],
  2: [
    { controller: "cpu", file: "cpu.weight", text: ({ cpuShares }) => String(weightOf(cpuShares ?? kernelShares)) },
    {
      controller: "cpu",
      file: "cpu.max",
      text: ({ cpuQuota }) => `${cpuQuota ?? "max"} ${period}`,
      limits: (text) => /^\d/.test(text) ? { cpuQuota: Number(text.split(" ")[0]) } : {},
    },
    {
      controller: "memory",
      file: "memory.max",
      text: ({ memoryBytes }) => String(memoryBytes ?? "max"),
      limits: (text) => /^\d/.test(text) ? { memoryBytes: Number(text) } : {},
    },
    { controller: "pids", file: "pids.max", text: ({ pids }) => String(pids ?? "max") },
  ],
};

/** 2 to 262144 shares as 1 to 10000, 1024 as 100: the curve that runc 1.3.2 and crun 1.23 use. */
export function weightOf(shares: number): number {
  const l = Math.log2(Math.min(262_144, Math.max(2, shares)));
  return Math.ceil(Number((10 ** ((l * l + 125 * l) / 612 - 7 / 34)).toFixed(6)));
}

/** systemd writes every number without end as this one. */
const infinity = (2n ** 64n - 1n).toString();

/** Name, D-Bus signature and value. */
export type Property = readonly [name: string, signature: "t", value: string];

export function propertiesOf(version: CgroupVersion, limits: ResourceLimits): Property[] {
  const { cpuShares = kernelShares, cpuQuota, memoryBytes, pids } = limits;
  const perSecond = cpuQuota === undefined ? infinity : String(cpuQuota * (1_000_000 / period));
  return [
    version === 1 ? ["CPUShares", "t", String(cpuShares)] : ["CPUWeight", "t", String(weightOf(cpuShares))],
    ["CPUQuotaPerSecUSec", "t", perSecond],
    [version === 1 ? "MemoryLimit" : "MemoryMax", "t", String(memoryBytes ?? infinity)],
    ["TasksMax", "t", String(pids ?? infinity)],
  ];
}
