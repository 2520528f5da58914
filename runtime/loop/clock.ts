/** The machine's own time behind the `Clock` seam, and waiting on any clock. */
import type { Clock } from "./controller.ts";

/** setTimeout fires at once above this. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (left: number) => {
      const step = Math.min(left, longestTimerMs);
      timer = setTimeout(() => left > step ? arm(left - step) : callback(), step);
    };
    arm(Math.max(0, ms));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Resolves after `ms`, or at once when the signal aborts; never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.after(ms, finish);
  function finish() {
    timer[Symbol.dispose]();
    signal.removeEventListener("abort", finish);
    resolve();
  }
  signal.addEventListener("abort", finish, { once: true });
  return promise;
}
