/**
 * The port through which every loop sees the cluster. `runtime/client` fills it twice, in-process and over HTTPS, and one
 * suite holds both to these words. What a call cannot do is a `StatusError` with the server's own reason; the one
 * exception is `get`, where absence is an answer.
 */
import type { Json, Kind, KubeObject, Ref, Stored } from "../schema/mod.ts";

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
}

export interface ListResult<T> {
  readonly items: readonly Stored<T>[];
  /** Where a watch may begin. */
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Changes after this one; without it the present objects come first, as ADDED. */
  readonly resourceVersion?: string;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

/** A watch that is too old throws a `StatusError` with reason `Expired` from the iterator. */
export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored<T> }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface WriteOptions {
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** `status`, `scale`, `binding`, ... */
  readonly subresource?: string;
}

export type Patch =
  | { readonly type: "json"; readonly body: Json }
  | { readonly type: "merge"; readonly body: Json }
  | { readonly type: "strategic"; readonly body: Json }
  | { readonly type: "apply"; readonly body: Json; readonly force?: boolean };

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export interface Client {
  get<T>(kind: Kind<T>, ref: Ref): Promise<Stored<T> | undefined>;
  list<T>(kind: Kind<T>, options?: ListOptions): Promise<ListResult<T>>;
  /** Ends when the signal aborts or the server closes it; the caller resumes from the last resourceVersion. */
  watch<T>(kind: Kind<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** PUT; carries `metadata.resourceVersion` for an optimistic lock. */
  update<T>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  patch<T>(kind: Kind<T>, ref: Ref, patch: Patch, options?: WriteOptions): Promise<Stored<T>>;
  /** What the server answers: the object that is going, or the last state of the one that went. Throws NotFound. */
  delete<T>(kind: Kind<T>, ref: Ref, options?: DeleteOptions): Promise<void>;
  /** POST to a subresource whose body is of another kind (`pods/binding`, `pods/eviction`, `serviceaccounts/token`). */
  post<T>(kind: Kind<T>, ref: Ref, subresource: string, body: KubeObject): Promise<KubeObject>;
  /** Kinds that are known only at run time (garbage collector, gitops): GET/… of any path, JSON in and out. */
  raw(method: string, path: string, body?: Json, options?: { contentType?: string }): Promise<Json>;
}
