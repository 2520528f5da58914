/**
 * A binary heap whose items know their own position, so that an item can be moved or removed in O(log n) and nothing
 * stale is ever left inside.
 */
export interface HeapItem {
  /** Owned by the heap; -1 outside of it. */
  position: number;
}

export class Heap<T extends HeapItem> {
  readonly #items: T[] = [];

  constructor(private readonly before: (a: T, b: T) => boolean) {}

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#place(item, this.#items.length);
    this.#rise(item);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first) this.remove(first);
    return first;
  }

  remove(item: T): void {
    const hole = item.position;
    const last = this.#items.pop()!;
    item.position = -1;
    if (last === item) return;
    this.#place(last, hole);
    this.reorder(last);
  }

  /** Call after the item's order has changed. */
  reorder(item: T): void {
    this.#rise(item);
    this.#sink(item);
  }

  #place(item: T, position: number): void {
    this.#items[position] = item;
    item.position = position;
  }

  #rise(item: T): void {
    while (item.position > 0) {
      const parent = this.#items[(item.position - 1) >> 1]!;
      if (!this.before(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[item.position * 2 + 1];
      const right = this.#items[item.position * 2 + 2];
      if (!left) return;
      const child = right && this.before(right, left) ? right : left;
      if (!this.before(child, item)) return;
      this.#swap(child, item);
    }
  }

  #swap(a: T, b: T): void {
    const position = a.position;
    this.#place(a, b.position);
    this.#place(b, position);
  }
}
