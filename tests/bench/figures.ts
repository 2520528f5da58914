/** How figures are made and printed: one line each, with the machine's core count. */

export interface Load {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** `callers` loops at once, each doing `call` again and again for `seconds`; latencies in milliseconds. */
export async function underLoad(
  callers: number,
  seconds: number,
  call: (caller: number, turn: number) => Promise<unknown>,
): Promise<Load> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(Array.from({ length: callers }, async (_, caller) => {
    for (let turn = 0; performance.now() < end; turn++) {
      const before = performance.now();
      await call(caller, turn);
      latencies.push(performance.now() - before);
    }
  }));
  const perSecond = latencies.length / ((performance.now() - start) / 1000);
  return { perSecond, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function describeLoad({ perSecond, p50, p99 }: Load): string {
  return `${Math.round(perSecond)}/s  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms`;
}

/** `api ready after up        1.2 s   (2 cores)` */
export function say(name: string, figure: string): void {
  console.log(`${name.padEnd(52)} ${figure.padEnd(46)} (${navigator.hardwareConcurrency} cores)`);
}
