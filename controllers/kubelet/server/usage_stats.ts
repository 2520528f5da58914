/** The parts of the Summary API that containers, pods and the node's own containers have in common. Pure but for reading files. */
import type { CgroupFiles } from "../node/cgroup_files.ts";
import type { CgroupFigures } from "../node/cgroup.ts";
import { pressureStall } from "../node/pressure_stall.ts";

export interface Used {
  readonly figures: CgroupFigures;
  readonly nanoCores: number;
}

/** `cpu`, `memory` and `swap`; `limitBytes`: of memory, where there is a limit. */
export function usageStats(used: readonly Used[], time: string, limitBytes?: number) {
  const sum = (pick: (one: Used) => number) => used.reduce((total, one) => total + pick(one), 0);
  const workingSetBytes = sum(({ figures }) => figures.workingSetBytes);
  return {
    cpu: {
      time,
      usageNanoCores: sum(({ nanoCores }) => nanoCores),
      usageCoreNanoSeconds: sum(({ figures }) => figures.cpuNanoseconds),
    },
    memory: {
      time,
      ...(limitBytes !== undefined && { availableBytes: Math.max(0, limitBytes - workingSetBytes) }),
      usageBytes: sum(({ figures }) => figures.memoryBytes),
      workingSetBytes,
      rssBytes: sum(({ figures }) => figures.rssBytes),
      pageFaults: sum(({ figures }) => figures.pageFaults),
      majorPageFaults: sum(({ figures }) => figures.majorPageFaults),
    },
    swap: { time, ...swapLeft(used), swapUsageBytes: sum(({ figures }) => figures.swapBytes) },
  };
}

/** Only of one that has a limit is it known what is left to him. */
function swapLeft([one, ...others]: readonly Used[]): { swapAvailableBytes?: number } {
  const { swapBytes, swapLimitBytes } = one?.figures ?? { swapBytes: 0 };
  if (swapLimitBytes === undefined || others.length > 0) return {};
  return { swapAvailableBytes: Math.max(0, swapLimitBytes - swapBytes) };
}

/** The same, and how long the group's tasks waited where the kernel counts it (cgroup v2). */
export async function withPressure(
  stats: ReturnType<typeof usageStats>,
  cgroup: CgroupFiles,
): Promise<object> {
  const [cpu, memory, io] = await Promise.all(
    ["cpu", "memory", "io"].map(async (one) => stallOf(await cgroup.text(`${one}.pressure`))),
  );
  const { time } = stats.cpu;
  return {
    ...stats,
    cpu: { ...stats.cpu, ...cpu },
    memory: { ...stats.memory, ...memory },
    ...("psi" in io! && { io: { time, ...io } }),
  };
}

export function stallOf(text: string | undefined): { psi?: object } {
  const psi = pressureStall(text);
  return psi ? { psi } : {};
}
