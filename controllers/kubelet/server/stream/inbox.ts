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

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      while (this.#values.length > 0) {
        const value = this.#values.shift()!;
        if (this.#values.length === this.flow.limit - 1) this.flow.onDrained();
        yield value;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
