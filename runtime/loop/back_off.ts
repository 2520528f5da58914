/** How long to wait after the n-th failure in a row: doubles from `baseMs`, never above `capMs`. */
export interface BackOff {
  readonly baseMs: number;
  readonly capMs: number;
}

/** Of keys: quick at first because most failures are races with other writers. */
export const keyBackOff: BackOff = { baseMs: 5, capMs: 300_000 };

/** Of the connection to a server that is away. */
export const serverBackOff: BackOff = { baseMs: 100, capMs: 10_000 };

/** `failures` counts from 1. */
export function backOffMs({ baseMs, capMs }: BackOff, failures: number): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 40));
}

/** Between half and all of it, so that many who failed together do not come back together. */
export function jittered(ms: number, random: () => number): number {
  return ms / 2 + random() * ms / 2;
}
