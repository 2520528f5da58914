/** Times of a KubeletConfiguration: Go's texts (`1m30s`), as it is written in files and told again by `/configz`. Pure. */
import { durationMs } from "../../../runtime/auth/structured/duration.ts";

/** Milliseconds of a text that was checked. */
export function msOf(text: string): number {
  return durationMs(text) ?? 0;
}

/** As Go prints it: `5m0s`, `1h0m0s`, `0s`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = `${Number((seconds % 60).toFixed(3))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

export function isDuration(text: string): boolean {
  const ms = durationMs(text);
  return ms !== undefined && ms >= 0;
}
