/** Those who wait for the cache to reach a revision. */
interface Waiter {
  readonly revision: number;
  readonly done: (reached: boolean) => void;
}

export class Waiters {
  #waiting = new Set<Waiter>();

  /** `false` when the time was over first. */
  wait(revision: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiter.done(false), timeoutMs);
      const waiter: Waiter = {
        revision,
        done: (reached) => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(reached);
        },
      };
      this.#waiting.add(waiter);
    });
  }

  wake(revision: number): void {
    for (const waiter of this.#waiting) if (waiter.revision <= revision) waiter.done(true);
  }

  close(): void {
    for (const waiter of this.#waiting) waiter.done(false);
  }
}
