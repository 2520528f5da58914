/**
 * What can be done with objects of any kind: the whole API server below HTTP, and what the in-process client calls. Nothing
 * here is serialised for its caller, and objects that come out are frozen and shared.
 *
 * Authorization is the front door's: whoever holds this interface may do everything. What cannot be done is thrown as a
 * `StatusError` in upstream's words.
 */
import type { User } from "../auth/user.ts";
import type { Json, KubeObject, Resource } from "../schema/mod.ts";
import type { ObjectRevision, WatchSink } from "./cache/mod.ts";

/** Where an object is, or will be. `namespace` is empty for cluster-scoped kinds. */
export interface Target {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

/** A collection; `namespace` is empty for cluster-scoped kinds and for all namespaces. */
export interface Collection {
  readonly resource: Resource;
  readonly namespace: string;
}

export interface ListCall {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** 0 or absent: all. */
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  /** Only a watch may ask for it. */
  readonly sendInitialEvents?: boolean;
}

export interface ObjectList {
  readonly items: readonly ObjectRevision[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface WatchCall {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Only a list may bring it. */
  readonly continue?: string;
}

export interface WriteCall {
  readonly user: User;
  /** Does everything but store. */
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Default `Warn`. */
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  readonly subresource?: string;
  /** Admission was asked about what the client sent, of which this write is a part. */
  readonly admitted?: boolean;
  /** What is to be said of members that stood twice in the body, which only whoever parsed it knows. */
  readonly duplicateFields?: readonly string[];
  /** The row of the version that the client speaks, where it is not the stored one. */
  readonly spoken?: Resource;
  /** Takes the texts of `Warning` headers. */
  readonly warn?: (text: string) => void;
  /** Takes the annotations of the audit event; absent: nobody writes one. */
  readonly annotate?: (key: string, value: string) => void;
}

export interface PatchBody {
  readonly type: "json" | "merge" | "strategic" | "apply";
  readonly body: Json;
  /** Apply: take over fields of other managers. */
  readonly force?: boolean;
}

export interface DeleteCall extends WriteCall {
  /** Seconds. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface Written {
  readonly revision: ObjectRevision;
  /** The write made the object. */
  readonly created: boolean;
}

export interface Deleted {
  /** The object that is going, or the last state of the one that went. */
  readonly revision: ObjectRevision;
  readonly gone: boolean;
}

export interface Operations {
  /** Throws NotFound. `resourceVersion` "0" reads whatever is at hand. */
  get(target: Target, resourceVersion?: string): Promise<ObjectRevision>;
  list(collection: Collection, call: ListCall): Promise<ObjectList>;
  /** The sink is called until it is closed or the result is disposed. Throws Expired. */
  watch(collection: Collection, call: WatchCall, sink: WatchSink): Promise<Disposable>;
  /** Takes the object: the caller must not use it afterwards. */
  create(collection: Collection, object: KubeObject, call: WriteCall): Promise<Written>;
  /** Takes the object. */
  update(target: Target, object: KubeObject, call: WriteCall): Promise<Written>;
  patch(target: Target, patch: PatchBody, call: WriteCall): Promise<Written>;
  delete(target: Target, call: DeleteCall): Promise<Deleted>;
  deleteCollection(collection: Collection, select: ListCall, call: DeleteCall): Promise<ObjectList>;
  /** POST to a subresource with a body of another kind: binding, eviction, token. */
  post(target: Target, subresource: string, body: KubeObject, call: WriteCall): Promise<KubeObject>;
  /** `scale` and other subresources that show an object as another kind. */
  getSubresource(target: Target, subresource: string): Promise<KubeObject>;
}
