/** How results of a probe add up to a verdict: thresholds count in a row. Pure. */
import type { Probe } from "../pod/pod.ts";

export interface ProbeState {
  /** The verdict so far; undefined until a threshold was reached. */
  readonly verdict?: boolean;
  readonly last?: boolean;
  readonly inRow: number;
}

export const unknown: ProbeState = { inRow: 0 };

export function fold(
  state: ProbeState,
  ok: boolean,
  { failureThreshold = 3, successThreshold = 1 }: Probe,
): ProbeState {
  const inRow = state.last === ok ? state.inRow + 1 : 1;
  const reached = inRow >= (ok ? successThreshold : failureThreshold);
  return { last: ok, inRow, verdict: reached ? ok : state.verdict };
}
