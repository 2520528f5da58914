/**
 * A local copy of one kind, kept by `follow`, and those who want to hear of its changes.
 *
 * Laws: it never goes back in time (an older version of an object never replaces a newer one, a deleted object does
 * not come back from a late event); every handler sees ADDED, then MODIFIEDs, then DELETED for an object, with no
 * version twice; one handler that throws harms no other.
 */
import type { Logger } from "@logtape/logtape";
import { type Key, keyOf, type Kind, type Stored } from "../schema/mod.ts";
import type { WatchEvent } from "./client.ts";
import type { Change, Clock, Informer } from "./controller.ts";
import type { Sink } from "./follow.ts";
import { IndexedCache } from "./indexed_cache.ts";
import { revisionOf } from "./revision.ts";

type Test<T> = (object: Stored<T> | undefined) => boolean;

/** As long as upstream's controllers believe in what they expect: who waits less and acts on an old copy acts twice. */
const longestWaitMs = 300_000;

export class SharedInformer<T> implements Informer<T>, Sink<T> {
  readonly synced: Promise<void>;
  readonly #cache = new IndexedCache<T>();
  readonly #handlers = new Set<(change: Change<T>) => void>();
  readonly #waiters = new Map<Key, Set<() => void>>();
  readonly #setSynced: () => void;
  listedAt = 0;

  constructor(readonly kind: Kind<T>, private readonly options: { readonly log: Logger; readonly clock: Clock }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.synced = promise;
    this.#setSynced = resolve;
  }

  get(key: Key): Stored<T> | undefined {
    return this.#cache.get(key);
  }

  list(namespace?: string): readonly Stored<T>[] {
    return this.#cache.list(namespace);
  }

  by(index: string, value: string): readonly Stored<T>[] {
    return this.#cache.by(index, value);
  }

  count(index: string, value: string): number {
    return this.#cache.count(index, value);
  }

  addIndex(name: string, values: (object: Stored<T>) => readonly string[]): void {
    this.#cache.addIndex(name, values);
  }

  onChange(handler: (change: Change<T>) => void): Disposable {
    for (const object of this.#cache.list()) this.#call(handler, { type: "ADDED", key: keyOf(object), object });
    this.#handlers.add(handler);
    return { [Symbol.dispose]: () => void this.#handlers.delete(handler) };
  }

  until(key: Key, test: Test<T>, signal: AbortSignal): Promise<void> {
    if (signal.aborted || test(this.get(key))) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiters = this.#waiters.get(key) ?? new Set();
    this.#waiters.set(key, waiters);
    const timer = this.options.clock.after(longestWaitMs, finish);
    const look = () => test(this.get(key)) && finish();
    const forget = () => waiters.delete(look) && waiters.size === 0 && this.#waiters.delete(key);
    function finish() {
      timer[Symbol.dispose]();
      signal.removeEventListener("abort", finish);
      forget();
      resolve();
    }
    waiters.add(look);
    signal.addEventListener("abort", finish, { once: true });
    return promise;
  }

  replace(items: readonly Stored<T>[], resourceVersion: string): void {
    this.listedAt = revisionOf(resourceVersion);
    const gone = new Set(this.#cache.keys());
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#put(item);
    }
    for (const key of gone) this.#remove(key, this.#cache.get(key)!);
    // What came and went unseen is over too.
    for (const looks of this.#waiters.values()) for (const look of looks) look();
    this.#setSynced();
  }

  change({ type, object }: Exclude<WatchEvent<T>, { type: "BOOKMARK" }>): void {
    const key = keyOf(object);
    const known = this.#cache.get(key);
    const revision = revisionOf(object.metadata.resourceVersion);
    if (type === "DELETED") {
      if (known && revisionOf(known.metadata.resourceVersion) <= revision) this.#remove(key, object);
    } else if (known || revision > this.listedAt) this.#put(object);
  }

  #put(object: Stored<T>): void {
    const key = keyOf(object);
    const known = this.#cache.get(key);
    if (known && !isNewer(object, known)) return;
    freeze(object);
    if (known && known.metadata.uid !== object.metadata.uid) this.#remove(key, known);
    const old = this.#cache.set(object);
    this.#tell(old ? { type: "MODIFIED", key, object, old } : { type: "ADDED", key, object });
  }

  #remove(key: Key, object: Stored<T>): void {
    const old = this.#cache.delete(key);
    this.#tell({ type: "DELETED", key, object: freeze(object), old });
  }

  #tell(change: Change<T>): void {
    for (const handler of this.#handlers) this.#call(handler, change);
    for (const look of this.#waiters.get(change.key) ?? []) look();
  }

  #call(handler: (change: Change<T>) => void, change: Change<T>): void {
    try {
      handler(change);
    } catch (error) {
      this.options.log.error("a handler of changes failed", { kind: this.kind.kind, key: change.key, error });
    }
  }
}

function isNewer<T>(object: Stored<T>, known: Stored<T>): boolean {
  return revisionOf(object.metadata.resourceVersion) > revisionOf(known.metadata.resourceVersion);
}

/** Deep; objects of the in-process client come frozen already. */
function freeze<V>(value: V): V {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const field of Object.values(value)) freeze(field);
  return value;
}
