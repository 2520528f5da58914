/** Real time, told and waited for `speed` times faster, so that a grace of 40 s is over in a moment. */
import type { Clock } from "../../../runtime/loop/mod.ts";

export function fastClock(speed: number): Clock {
  const start = Date.now();
  const begun = performance.now();
  return {
    now: () => start + (performance.now() - begun) * speed,
    after(ms, callback) {
      const timer = setTimeout(callback, Math.min(2 ** 31 - 1, Math.max(0, ms) / speed));
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}
