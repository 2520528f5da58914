/**
 * How long an ended daemon pod stays before it is replaced: a pod that cannot run on its node would otherwise be made and
 * deleted without end. Memory of one leader: after a handover it begins anew.
 *
 * Laws: 1 s after the first failure, twice as long after each, 15 minutes at most; forgotten when a node has been well for
 * twice the longest.
 */
const firstMs = 1000;
const longestMs = 15 * 60_000;

interface Entry {
  readonly pauseMs: number;
  /** Replaced not before. */
  readonly until: number;
}

export class DaemonBackOff {
  readonly #entries = new Map<string, Entry>();

  /** 0: it may be replaced now, and the next one has to wait longer. Otherwise the milliseconds that are left. */
  take(key: string, now: number): number {
    const entry = this.#entries.get(key);
    if (entry && entry.until > now) return entry.until - now;
    const pauseMs = entry ? Math.min(longestMs, entry.pauseMs * 2) : firstMs;
    this.#entries.set(key, { pauseMs, until: now + pauseMs });
    this.#forget(now);
    return 0;
  }

  #forget(now: number): void {
    for (const [key, { until }] of this.#entries) if (until + 2 * longestMs < now) this.#entries.delete(key);
  }
}
