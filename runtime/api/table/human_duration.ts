/**
 * Ages as kubectl shows them: two units while the second one still says something, then one.
 * `45s`, `5m3s`, `25m`, `3h10m`, `30h`, `2d3h`, `40d`, `3y20d`, `9y`.
 */

/** Largest first. Below `until` seconds an age shows `seconds` as `unit`, and the rest as `minor` when it is named. */
const steps = [
  { until: 2 * 60, seconds: 1, unit: "s" },
  { until: 10 * 60, seconds: 60, unit: "m", minor: { seconds: 1, unit: "s" } },
  { until: 3 * 3600, seconds: 60, unit: "m" },
  { until: 8 * 3600, seconds: 3600, unit: "h", minor: { seconds: 60, unit: "m" } },
  { until: 48 * 3600, seconds: 3600, unit: "h" },
  { until: 8 * 86400, seconds: 86400, unit: "d", minor: { seconds: 3600, unit: "h" } },
  { until: 2 * 365 * 86400, seconds: 86400, unit: "d" },
  { until: 8 * 365 * 86400, seconds: 365 * 86400, unit: "y", minor: { seconds: 86400, unit: "d" } },
  { until: Infinity, seconds: 365 * 86400, unit: "y" },
];

export function humanDuration(milliseconds: number): string {
  const total = Math.trunc(milliseconds / 1000);
  // Clocks of two machines may differ a little; more than that is worth showing.
  if (total < -1) return "<invalid>";
  if (total <= 0) return "0s";
  const { seconds, unit, minor } = steps.find(({ until }) => total < until)!;
  const major = `${Math.floor(total / seconds)}${unit}`;
  const rest = minor ? Math.floor((total % seconds) / minor.seconds) : 0;
  return minor && rest > 0 ? `${major}${rest}${minor.unit}` : major;
}

/** Age of an RFC 3339 time, or `<unknown>` where there is none. */
export function ageOf(timestamp: string | undefined | null, nowMs: number): string {
  const time = timestamp ? Date.parse(timestamp) : NaN;
  return Number.isNaN(time) ? "<unknown>" : humanDuration(nowMs - time);
}
