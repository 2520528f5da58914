/**
 * How long a container waits before it runs again: not at all the first time, then 10 s, doubled up to 5 minutes, and from
 * the start again once it has run for 10 minutes. The delay stands in the container's label, so it outlives the agent.
 */
export const initialBackOffSeconds = 10;
const maxBackOffSeconds = 300;
const forgivenAfterMs = 10 * 60 * 1000;

/** What has run for so long waits for nothing when it ends. */
export function waitSeconds(backOffSeconds: number, ranMs: number): number {
  return ranMs >= forgivenAfterMs ? 0 : backOffSeconds;
}

/** The delay that the new attempt carries, from its predecessor's and the time that one ran. */
export function nextBackOffSeconds(previous: number, ranMs: number): number {
  if (previous === 0 || ranMs >= forgivenAfterMs) return initialBackOffSeconds;
  return Math.min(previous * 2, maxBackOffSeconds);
}
