/** How long something took, many times: a histogram as Prometheus has it. */

/** Seconds. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** Of all, how many took no longer than each of the bounds, their number, and the seconds that they took together. */
export interface Durations {
  readonly within: number[];
  count: number;
  seconds: number;
}

export function noDurations(): Durations {
  return { within: durationBounds.map(() => 0), count: 0, seconds: 0 };
}

export function measure(durations: Durations, seconds: number): void {
  durationBounds.forEach((bound, index) => durations.within[index]! += seconds <= bound ? 1 : 0);
  durations.count += 1;
  durations.seconds += seconds;
}
