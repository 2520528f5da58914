/** How long tasks waited for a resource, as the kernel's pressure stall information tells it. (KEP-4205) */

/** Averages are percentages of the last 10, 60 and 300 seconds; the total is in nanoseconds. */
interface Stall {
  readonly total: number;
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
}

export interface PressureStall {
  /** All tasks at once. */
  readonly full: Stall;
  /** At least one task. */
  readonly some: Stall;
}

/** Of `cpu.pressure`, `/proc/pressure/io` and the like; absent where the kernel counts none. Pure. */
export function pressureStall(text: string | undefined): PressureStall | undefined {
  return text ? { full: stallOf(text, "full"), some: stallOf(text, "some") } : undefined;
}

function stallOf(text: string, who: string): Stall {
  const line = text.split("\n").find((one) => one.startsWith(`${who} `)) ?? "";
  const figure = (name: string) => Number(new RegExp(`${name}=([\\d.]+)`).exec(line)?.[1] ?? 0);
  return { total: figure("total") * 1000, avg10: figure("avg10"), avg60: figure("avg60"), avg300: figure("avg300") };
}
