/** What the object operations stand on; made once by `createApi`. */
import type { TokenIssuer } from "../../auth/service_account_token.ts";
import type { Clock } from "../../loop/controller.ts";
import { type KubeObject, type Resource, StatusError, type Stored } from "../../schema/mod.ts";
import { type Store, StoreError } from "../../store/store.ts";
import type { AdmissionPlugin, ClusterView } from "../admission/admission.ts";
import type { ResourceCache, WatchCache } from "../cache/mod.ts";
import type { ResourceRegistry } from "../resource_registry.ts";

/** Values that were taken out of a pool for a write; kept when it is stored, given back when it is not. */
export interface Reservation {
  /** `revision`: of the write. */
  keep(revision: number): void | Promise<void>;
  giveBack(): void | Promise<void>;
}

/** A write that is about to happen. */
export interface Reserving {
  readonly resource: Resource;
  /** Absent: `old` is being removed. */
  readonly object?: KubeObject;
  readonly old?: Stored;
  readonly dryRun?: boolean;
}

/** Hands out values that must be unique in the cluster (cluster IPs, node ports); writes them into the object. */
export interface Allocator {
  /** Throws Invalid when a wanted value is taken. */
  reserve(write: Reserving, m: Machinery): Reservation | undefined | Promise<Reservation>;
}

export interface Machinery {
  readonly store: Store;
  readonly cache: WatchCache;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly admission: readonly AdmissionPlugin[];
  readonly allocators: readonly Allocator[];
  readonly view: ClusterView;
  readonly tokens?: TokenIssuer;
  /** In [0, 1). */
  readonly random: () => number;
  readonly uid: () => string;
}

export function cacheOf({ cache }: Machinery, resource: Resource): ResourceCache {
  return cache.resource(resource.storagePrefix);
}

export function pathOf({ namespace, name }: { namespace: string; name: string }): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

/** What the store throws, as the API says it. */
export function storeTrouble(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const { reason, message } = error;
  const options = { cause: error };
  if (reason === "full") {
    return new StatusError("InternalError", `the store has no space left: ${message}`, {}, options);
  }
  if (reason === "unavailable") {
    return new StatusError("ServiceUnavailable", `the store does not answer: ${message}`, {
      retryAfterSeconds: 1,
    }, options);
  }
  return new StatusError("InternalError", `Internal error occurred: ${message}`, {}, options);
}
