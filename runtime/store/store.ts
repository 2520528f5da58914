/**
 * What Kubernetes needs of a store and no more (KEP-4743): revisions, optimistic writes, ordered watches, compaction.
 * sqlite and etcd fill it and pass one suite (`tests/store`). Conflict is data, never an exception; what throws is a
 * `StoreError`.
 *
 * Laws:
 * - One sequence of revisions for all keys; each write takes the next.
 * - A write that was answered is on disk, and survives kill -9.
 * - A watch from revision R delivers every later change under its prefix once, in revision order, with no gap.
 * - A read after an answered write sees it.
 */

/** One key at one revision. `value` is what was put, byte for byte. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  /** Revision that wrote this value (etcd: mod_revision). */
  readonly revision: number;
  /** Revision that created the key. */
  readonly created: number;
}

export interface ListRequest {
  /** Every key that begins with it; end it with `/` to mean a folder. */
  readonly prefix: string;
  /** Keys after this one only. */
  readonly startAfter?: string;
  /** 0 or absent: all. */
  readonly limit?: number;
  /** The past at this revision; `compacted` is thrown when it is gone. */
  readonly revision?: number;
}

export interface ListAnswer {
  readonly entries: readonly Entry[];
  /** The revision that the answer is true at. */
  readonly revision: number;
  /** Keys under the prefix after the last entry. */
  readonly remaining: number;
}

export type WriteAnswer =
  | { readonly ok: true; readonly revision: number }
  /** The key was not at the expected revision; `current` is what is there, if anything. */
  | { readonly ok: false; readonly current?: Entry; readonly revision: number };

export interface WriteOptions {
  /** Revision that the key must be at; 0: the key must not exist. */
  readonly expected: number;
  /** The key removes itself after this long (Events). Seconds. */
  readonly ttlSeconds?: number;
  /** The key removes itself when it would have without this write. */
  readonly keepTtl?: boolean;
}

export type StoreChange =
  | { readonly type: "put"; readonly entry: Entry; readonly previous?: Entry }
  /** `revision` is that of the deletion; `previous` is what was there. */
  | { readonly type: "delete"; readonly key: string; readonly revision: number; readonly previous?: Entry };

/** Changes of whole revisions, in order. An empty batch is progress: nothing up to `revision` is missing. */
export interface WatchBatch {
  readonly changes: readonly StoreChange[];
  readonly revision: number;
}

export interface WatchRequest {
  readonly prefix: string;
  /** Changes after this revision. */
  readonly after: number;
  readonly signal: AbortSignal;
}

export interface Store {
  /** The present at the newest revision. */
  get(key: string): Promise<{ readonly entry?: Entry; readonly revision: number }>;
  list(request: ListRequest): Promise<ListAnswer>;
  count(prefix: string): Promise<number>;
  put(key: string, value: Uint8Array, options: WriteOptions): Promise<WriteAnswer>;
  delete(key: string, options: { readonly expected: number }): Promise<WriteAnswer>;
  /** Ends when the signal aborts; throws `compacted` when `after` is gone, `unavailable` when the store dies. */
  watch(request: WatchRequest): AsyncIterable<WatchBatch>;
  /** The newest revision, read consistently. */
  revision(): Promise<number>;
  /** Asks for a progress batch on every open watch (etcd: WatchProgressRequest). */
  requestProgress(): Promise<void>;
  /** Forgets what was before `revision`; lists and watches from before it throw `compacted`. */
  compact(revision: number): Promise<void>;
  /** Bytes on disk. */
  size(): Promise<number>;
  close(): Promise<void>;
}

export class StoreError extends Error {
  override readonly name = "StoreError";
  constructor(
    /**
     * `compacted`: the revision is gone. `future`: the revision is not there yet. `unavailable`: the store does not
     * answer (it may have done the write). `full`: no space. `refused`: what was asked can never work.
     */
    readonly reason: "compacted" | "future" | "unavailable" | "full" | "refused",
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
