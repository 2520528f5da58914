/**
 * The embedded store. Writes that arrive while a batch is being committed form the next batch (group commit), so
 * durability costs one fsync a batch and a lone writer waits for no one. Watches are fed from the batches themselves: the
 * values never cross the thread boundary twice.
 */
import { Channel } from "../channel.ts";
import {
  type Entry,
  type ListAnswer,
  type ListRequest,
  type Store,
  type StoreChange,
  StoreError,
  type WatchBatch,
  type WatchRequest,
  type WriteAnswer,
  type WriteOptions,
} from "../store.ts";
import type { Ask, History, Tell, Write, Written } from "./messages.ts";

/** Writes in one transaction at most: keeps one batch below about 20 ms. */
const batchLimit = 512;

interface Waiting {
  readonly write: Write;
  readonly resolve: (answer: WriteAnswer) => void;
  readonly reject: (error: unknown) => void;
}

interface Watcher {
  readonly prefix: string;
  readonly channel: Channel<WatchBatch>;
  /** Revision that was delivered last; undefined until the past has been read. */
  position?: number;
  /** Live batches that came before the past was read. */
  held: WatchBatch[];
}

/** `path` is a file of its own folder's making; it is created with mode 0600. */
export async function openSqliteStore({ path }: { path: string }): Promise<Store> {
  const file = await Deno.open(path, { create: true, write: true, mode: 0o600 }).catch((error) => {
    throw new StoreError("refused", `cannot open ${path}: ${error.message}`, { cause: error });
  });
  file.close();
  const store = new SqliteStore();
  await store.open(path);
  return store;
}

class SqliteStore implements Store {
  #worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module", name: "d8s-store" });
  #asked = new Map<number, { resolve: (value: never) => void; reject: (error: unknown) => void }>();
  #nextId = 1;
  #revision = 1;
  #queue: Waiting[] = [];
  #writing = false;
  #watchers = new Set<Watcher>();
  #dead?: StoreError;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Tell>) => this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#die(new StoreError("unavailable", `the store's worker failed: ${event.message}`));
    };
  }

  async open(path: string): Promise<void> {
    try {
      this.#revision = await this.#ask({ type: "open", path });
    } catch (error) {
      this.#worker.terminate();
      throw error;
    }
  }

  get(key: string) {
    return this.#ask<{ entry?: Entry; revision: number }>({ type: "get", key });
  }

  list(request: ListRequest): Promise<ListAnswer> {
    return this.#ask({ type: "list", request });
  }

  count(prefix: string): Promise<number> {
    return this.#ask({ type: "count", prefix });
  }

  put(key: string, value: Uint8Array, { expected, ttlSeconds, keepTtl }: WriteOptions): Promise<WriteAnswer> {
    return this.#enqueue({ key, value, expected, ttlSeconds, keepTtl });
  }

  delete(key: string, { expected }: { expected: number }): Promise<WriteAnswer> {
    return this.#enqueue({ key, expected });
  }

  async *watch({ prefix, after, signal }: WatchRequest): AsyncGenerator<WatchBatch> {
    if (this.#dead) throw this.#dead;
    const watcher: Watcher = { prefix, channel: new Channel(), held: [] };
    const stop = () => watcher.channel.close();
    signal.addEventListener("abort", stop, { once: true });
    this.#watchers.add(watcher);
    try {
      if (signal.aborted) return;
      yield await this.#catchUp(watcher, after);
      yield* watcher.channel;
    } finally {
      this.#watchers.delete(watcher);
      signal.removeEventListener("abort", stop);
    }
  }

  revision(): Promise<number> {
    return this.#dead ? Promise.reject(this.#dead) : Promise.resolve(this.#revision);
  }

  requestProgress(): Promise<void> {
    this.#publish([], this.#revision);
    return Promise.resolve();
  }

  compact(revision: number): Promise<void> {
    return this.#ask({ type: "compact", revision });
  }

  size(): Promise<number> {
    return this.#ask({ type: "size" });
  }

  async close(): Promise<void> {
    if (this.#dead) return;
    await this.#idle();
    await this.#ask({ type: "close" });
    for (const { channel } of this.#watchers) channel.close();
    this.#dead = new StoreError("unavailable", "the store is closed");
    this.#worker.terminate();
  }

  async #idle(): Promise<void> {
    while (this.#writing || this.#queue.length > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  async #catchUp(watcher: Watcher, after: number): Promise<WatchBatch> {
    const past = await this.#ask<History>({ type: "history", prefix: watcher.prefix, after });
    watcher.position = past.revision;
    for (const batch of watcher.held) deliver(watcher, batch);
    watcher.held = [];
    return past;
  }

  #enqueue(write: Write): Promise<WriteAnswer> {
    if (this.#dead) return Promise.reject(this.#dead);
    return new Promise((resolve, reject) => {
      this.#queue.push({ write, resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    // Everything that was asked for in this turn of the event loop belongs to the first batch.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#commit(this.#queue.splice(0, batchLimit));
    this.#writing = false;
  }

  async #commit(batch: Waiting[]): Promise<void> {
    try {
      const written = await this.#ask<Written[]>({ type: "write", writes: batch.map(({ write }) => write) });
      this.#announce(batch, written);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** Watchers hear of a write before its caller does, so a caller that reads a cache next finds it there. */
  #announce(batch: Waiting[], written: Written[]): void {
    const changes = written.flatMap((answer, i) => changeOf(batch[i]!.write, answer));
    if (changes.length > 0) this.#publish(changes, revisionOf(changes.at(-1)!));
    batch.forEach(({ resolve }, i) => resolve(written[i]!));
  }

  #publish(changes: readonly StoreChange[], revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const watcher of this.#watchers) {
      const batch = { changes: changes.filter((change) => keyOf(change).startsWith(watcher.prefix)), revision };
      if (watcher.position === undefined) watcher.held.push(batch);
      else deliver(watcher, batch);
    }
  }

  #ask<T>(ask: Ask): Promise<T> {
    if (this.#dead) return Promise.reject(this.#dead);
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      this.#worker.postMessage({ id, ask });
    });
  }

  #hear(tell: Tell): void {
    if (tell.type === "expired") return this.#publish(tell.changes, tell.revision);
    const asked = this.#asked.get(tell.id);
    this.#asked.delete(tell.id);
    if (tell.type === "answer") asked?.resolve(tell.value as never);
    else asked?.reject(new StoreError(tell.reason, tell.message));
  }

  #die(error: StoreError): void {
    this.#dead = error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    for (const { channel } of this.#watchers) channel.fail(error);
  }
}

function deliver(watcher: Watcher, batch: WatchBatch): void {
  const position = watcher.position ?? 0;
  const changes = batch.changes.filter((change) => revisionOf(change) > position);
  if (changes.length === 0 && batch.changes.length > 0) return;
  watcher.position = Math.max(position, batch.revision);
  watcher.channel.push({ changes, revision: batch.revision });
}

function changeOf(write: Write, answer: Written): StoreChange[] {
  if (!answer.ok) return [];
  const { key, value } = write;
  const { revision, created = revision } = answer;
  if (value) return [{ type: "put", entry: { key, value, revision, created } }];
  return answer.deleted ? [{ type: "delete", key, revision, previous: answer.deleted }] : [];
}

function keyOf(change: StoreChange): string {
  return change.type === "put" ? change.entry.key : change.key;
}

function revisionOf(change: StoreChange): number {
  return change.type === "put" ? change.entry.revision : change.revision;
}
