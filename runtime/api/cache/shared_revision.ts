/**
 * Reads the store's newest revision for many callers at once.
 *
 * Law: the answer is from a read that began after the caller asked, or it would not be consistent.
 */
export class SharedRevision {
  #running?: Promise<number>;
  #next?: Promise<number>;

  constructor(private readonly load: () => Promise<number>) {}

  read(): Promise<number> {
    if (!this.#running) return this.#start();
    return this.#next ??= this.#running.then(() => this.#start(), () => this.#start());
  }

  #start(): Promise<number> {
    this.#next = undefined;
    const running = this.load().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return this.#running = running;
  }
}
