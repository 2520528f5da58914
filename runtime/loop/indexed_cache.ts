/** Objects of one kind in memory, found by key, by namespace, and by whatever indexes were asked for. */
import type { Key, Stored } from "../schema/mod.ts";
import { keyOf } from "../schema/mod.ts";

interface Index<T> {
  readonly values: (object: Stored<T>) => readonly string[];
  readonly buckets: Map<string, Map<Key, Stored<T>>>;
}

const namespaceIndex = "namespace";

export class IndexedCache<T> {
  readonly #objects = new Map<Key, Stored<T>>();
  readonly #indexes = new Map<string, Index<T>>();

  constructor() {
    this.addIndex(namespaceIndex, (object) => object.metadata.namespace ? [object.metadata.namespace] : []);
  }

  get(key: Key): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  keys(): Key[] {
    return [...this.#objects.keys()];
  }

  list(namespace?: string): readonly Stored<T>[] {
    return namespace === undefined ? [...this.#objects.values()] : this.by(namespaceIndex, namespace);
  }

  by(name: string, value: string): readonly Stored<T>[] {
    return [...this.#bucket(name, value)?.values() ?? []];
  }

  count(name: string, value: string): number {
    return this.#bucket(name, value)?.size ?? 0;
  }

  #bucket(name: string, value: string): Map<Key, Stored<T>> | undefined {
    const index = this.#indexes.get(name);
    if (!index) throw new RangeError(`no index "${name}" was added`);
    return index.buckets.get(value);
  }

  addIndex(name: string, values: (object: Stored<T>) => readonly string[]): void {
    if (this.#indexes.has(name)) return;
    const index: Index<T> = { values, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index, key, object);
  }

  /** Returns what was there. */
  set(object: Stored<T>): Stored<T> | undefined {
    const key = keyOf(object);
    const old = this.delete(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) enter(index, key, object);
    return old;
  }

  delete(key: Key): Stored<T> | undefined {
    const old = this.#objects.get(key);
    if (!old) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) leave(index, key, old);
    return old;
  }
}

function enter<T>({ values, buckets }: Index<T>, key: Key, object: Stored<T>): void {
  for (const value of values(object)) {
    const bucket = buckets.get(value);
    if (bucket) bucket.set(key, object);
    else buckets.set(value, new Map([[key, object]]));
  }
}

function leave<T>({ values, buckets }: Index<T>, key: Key, object: Stored<T>): void {
  for (const value of values(object)) {
    const bucket = buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) buckets.delete(value);
  }
}
