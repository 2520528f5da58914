/** Values that arrive by callback, read by `for await`. Bounded by its producer: `onFull` and `onDrained` tell it to pause. */
export class Inbox<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #ended = false;
  #wake: () => void = () => {};

  constructor(readonly flow: { readonly limit: number; readonly onFull: () => void; readonly onDrained: () => void }) {}

  push(value: T): void {
    if (this.#ended) return;
    this.#values.push(value);
    if (this.#values.length === this.flow.limit) this.flow.onFull();
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Ends it, and forgets what nobody will read: a producer that waits goes on. */
  discard(): void {
    const held = this.#values.length >= this.flow.limit;
    this.#values.length = 0;
    this.end();
    if (held) this.flow.onDrained();
  }

  /** A reader that leaves early discards the rest. */
  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    try {
      for (;;) {
        while (this.#values.length > 0) {
          const value = this.#values.shift()!;
          if (this.#values.length === this.flow.limit - 1) this.flow.onDrained();
          yield value;
        }
        if (this.#ended) return;
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      this.discard();
    }
  }
}
