/**
 * A queue that one side pushes and the other iterates: how a watch hands over its batches.
 *
 * Laws: items come out in the order they went in; after `close` what is queued still comes out; after `fail` it does too,
 * and then the error is thrown.
 */
export class Channel<T> implements AsyncIterable<T> {
  #items: T[] = [];
  #wake?: () => void;
  #ended?: { error?: unknown };

  push(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake?.();
  }

  close(): void {
    this.#end({});
  }

  fail(error: unknown): void {
    this.#end({ error });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (true) {
      const items = this.#items;
      this.#items = [];
      yield* items;
      if (this.#items.length > 0) continue;
      if (this.#ended) return this.#finish();
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }

  #end(ended: { error?: unknown }): void {
    this.#ended ??= ended;
    this.#wake?.();
  }

  #finish(): void {
    if (this.#ended?.error !== undefined) throw this.#ended.error;
  }
}
