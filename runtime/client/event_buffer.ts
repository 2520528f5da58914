/**
 * From a sink that is called to an iterator that is asked. A reader that falls behind by `limit` events loses the watch
 * and resumes from its last version, so that a stuck loop cannot hold the whole past in memory.
 */
export class EventBuffer<T> {
  readonly #events: T[] = [];
  #read = 0;
  #ended = false;
  #error: unknown;
  #wake = () => {};

  constructor(private readonly limit = 100_000) {}

  push(event: T): void {
    if (this.#ended) return;
    if (this.#events.length - this.#read >= this.limit) return this.end();
    this.#events.push(event);
    this.#wake();
  }

  /** What was pushed before is still read; then the iterator ends, or throws the error. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      while (this.#read < this.#events.length) yield this.#events[this.#read++]!;
      this.#events.length = this.#read = 0;
      if (this.#ended && this.#error !== undefined) throw this.#error;
      if (this.#ended) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}
