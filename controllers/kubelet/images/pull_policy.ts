/** When an image is pulled, and when a pull that failed is tried again. Pure. */

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/** A tag of `latest`, or none, means that it may change under its name. */
export function pullPolicyOf(image: string, policy: PullPolicy | undefined): PullPolicy {
  if (policy) return policy;
  if (image.includes("@")) return "IfNotPresent";
  const tag = /:([^:/]+)$/.exec(image)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

export interface Failure {
  readonly message: string;
  readonly failedAt: number;
  readonly delayMs: number;
}

const initialDelayMs = 10_000;
const maxDelayMs = 300_000;
/** The failure itself is shown before the back-off takes its place. */
const shownMs = 2000;

export function nextPullAt(before: Failure | undefined, message: string, now: number): Failure {
  const delayMs = before ? Math.min(before.delayMs * 2, maxDelayMs) : initialDelayMs;
  return { message, failedAt: now, delayMs };
}

export interface PullWaiting {
  readonly reason: "ErrImagePull" | "ImagePullBackOff";
  readonly message: string;
  readonly againMs: number;
}

/** `undefined`: the time has come to try again. */
export function waitingFor(
  image: string,
  { message, failedAt, delayMs }: Failure,
  now: number,
): PullWaiting | undefined {
  const sinceMs = now - failedAt;
  if (sinceMs >= delayMs) return undefined;
  if (sinceMs < shownMs) return { reason: "ErrImagePull", message, againMs: shownMs - sinceMs };
  const backOff = `Back-off pulling image "${image}": ErrImagePull: ${message}`;
  return { reason: "ImagePullBackOff", message: backOff, againMs: delayMs - sinceMs };
}
