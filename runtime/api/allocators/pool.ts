/**
 * Values that at most one Service may hold: node ports.
 *
 * Laws: what the cache shows as held is taken, whoever wrote it; what a running write holds is taken too; a value is free
 * again when its Service let go of it or the write failed. Nothing lasting is stored beside the Services themselves, so a
 * restart begins with the truth.
 */
import type { Stored } from "../../schema/mod.ts";
import type { ResourceCache } from "../cache/mod.ts";

export class Pool<T> {
  /** Value to the paths that hold it. */
  readonly #held = new Map<T, Set<string>>();
  readonly #pending = new Set<T>();
  readonly #previous = new Map<string, readonly T[]>();

  /** `valuesOf`: what a stored object holds. */
  constructor(cache: ResourceCache, private readonly valuesOf: (object: Stored) => readonly T[]) {
    this.#follow(cache);
  }

  #follow(cache: ResourceCache): void {
    const previous = this.#previous;
    const forget = (path: string) => {
      for (const value of previous.get(path) ?? []) this.#release(value, path);
      previous.delete(path);
    };
    cache.watch({
      selection: { folder: "" },
      bookmarks: false,
      sink: {
        event: (type, { path, object }) => {
          forget(path);
          if (type === "DELETED") return;
          const values = this.valuesOf(object);
          previous.set(path, values);
          for (const value of values) this.#hold(value, path);
        },
        bookmark: () => {},
        closed: () => this.#follow(cache),
      },
    }, 0);
  }

  isFree(value: T): boolean {
    return !this.#held.has(value) && !this.#pending.has(value);
  }

  /** Until the cache shows who holds it, or `giveBack`. */
  take(value: T): void {
    this.#pending.add(value);
  }

  giveBack(value: T): void {
    this.#pending.delete(value);
  }

  #hold(value: T, path: string): void {
    this.#pending.delete(value);
    const paths = this.#held.get(value) ?? new Set();
    this.#held.set(value, paths.add(path));
  }

  #release(value: T, path: string): void {
    const paths = this.#held.get(value);
    paths?.delete(path);
    if (paths?.size === 0) this.#held.delete(value);
  }
}

/** The first free value from a random place on, of `count` numbered ones; `undefined`: none is free. */
export function pick<T>(
  pool: Pick<Pool<T>, "isFree">,
  { from, count, random, valueAt }: {
    from: number;
    count: number;
    random: () => number;
    valueAt: (index: number) => T;
  },
): T | undefined {
  const start = Math.floor(random() * count);
  for (let step = 0; step < count; step++) {
    const value = valueAt(from + (start + step) % count);
    if (pool.isFree(value)) return value;
  }
  return undefined;
}
