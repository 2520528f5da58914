/** What the processes of a container hold, as /proc tells it of each. */

export interface ProcessFigures {
  readonly processes: number;
  readonly threads: number;
  readonly fileDescriptors: number;
  readonly sockets: number;
  /** Of the first process; unlimited is -1. */
  readonly maxOpenFiles?: number;
}

export async function processFigures(pids: readonly number[]): Promise<ProcessFigures> {
  const each = await Promise.all(pids.map(oneProcess));
  const sum = (pick: (one: { threads: number; descriptors: readonly string[] }) => number) =>
    each.reduce((total, one) => total + pick(one), 0);
  return {
    processes: pids.length,
    threads: sum(({ threads }) => threads),
    fileDescriptors: sum(({ descriptors }) => descriptors.length),
    sockets: sum(({ descriptors }) => descriptors.filter((target) => target.startsWith("socket:")).length),
    ...(pids[0] !== undefined && { maxOpenFiles: await softLimit(pids[0]) }),
  };
}

/** Who has ended meanwhile has nothing. */
async function oneProcess(pid: number): Promise<{ threads: number; descriptors: readonly string[] }> {
  try {
    const threads = Number(/^Threads:\s+(\d+)$/m.exec(await Deno.readTextFile(`/proc/${pid}/status`))?.[1] ?? 0);
    const names = await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`));
    const targets = names.map(({ name }) => Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => ""));
    return { threads, descriptors: await Promise.all(targets) };
  } catch {
    return { threads: 0, descriptors: [] };
  }
}

async function softLimit(pid: number): Promise<number | undefined> {
  const text = await Deno.readTextFile(`/proc/${pid}/limits`).catch(() => "");
  const word = /^Max open files\s+(\S+)/m.exec(text)?.[1];
  return word === "unlimited" ? -1 : word && Number(word) || undefined;
}
