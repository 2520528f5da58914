/** How results of a probe add up to a verdict, and when it is asked next: thresholds count in a row. Pure. */
import type { Probe } from "../pod/pod.ts";

export interface ProbeState {
  /** The verdict so far; undefined until a threshold was reached. */
  readonly verdict?: boolean;
  readonly last?: boolean;
  readonly inRow: number;
}

export const unknown: ProbeState = { inRow: 0 };

/** Milliseconds after the first look at which one that waits for a first "yes" is asked again, between its periods. */
const earlyMs = [200, 500, 1000, 2000, 4000];

export interface NextCheck {
  readonly delayMs: number;
  /** An early "no" is none: thresholds count periods. */
  readonly counts: boolean;
}

/** `waits`: an early "yes" would be of use. `sinceFirstMs`: since the first look. */
export function nextCheck({ periodSeconds = 10 }: Probe, waits: boolean, sinceFirstMs: number): NextCheck {
  const periodMs = periodSeconds * 1000;
  const early = waits ? earlyMs.find((ms) => ms > sinceFirstMs && ms < periodMs) : undefined;
  if (early !== undefined) return { delayMs: early - sinceFirstMs, counts: false };
  return { delayMs: sinceFirstMs < periodMs ? periodMs - sinceFirstMs : periodMs, counts: true };
}

export function fold(
  state: ProbeState,
  ok: boolean,
  { failureThreshold = 3, successThreshold = 1 }: Probe,
): ProbeState {
  const inRow = state.last === ok ? state.inRow + 1 : 1;
  const reached = inRow >= (ok ? successThreshold : failureThreshold);
  return { last: ok, inRow, verdict: reached ? ok : state.verdict };
}
