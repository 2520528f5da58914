/**
 * The shape that every Kubernetes object shares, and nothing about any one kind.
 *
 * Source: API conventions, "Objects" and "Metadata"
 * (https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md).
 */

/** A value that JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

/** `metadata.ownerReferences[]`. `uid` identifies; `name` is for people. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** `metadata.managedFields[]` (KEP-555). */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: "Apply" | "Update";
  apiVersion?: string;
  time?: string;
  fieldsType?: "FieldsV1";
  fieldsV1?: { [path: string]: Json };
  subresource?: string;
}

/** `metadata` as a client may send it: everything is optional. Times are RFC 3339 in UTC, whole seconds. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
}

/** `metadata` of an object that the server has stored. */
export interface StoredMeta extends ObjectMeta {
  name: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp: string;
}

/** Any object, of any kind. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  [field: string]: unknown;
}

/**
 * An object as the server returned it. Objects that come from a cache are shared between all readers of the process and
 * frozen: copy (`structuredClone`) before changing one.
 */
export type Stored<T = KubeObject> = Omit<T, "metadata"> & { metadata: StoredMeta };

/** `namespace/name`, or `name` for cluster-scoped kinds: what queues and caches are keyed by. */
export type Key = string;

/** Where an object is. `namespace` is absent for cluster-scoped kinds. */
export interface Ref {
  namespace?: string;
  name: string;
}

export function keyOf(object: { metadata?: ObjectMeta }): Key {
  const { namespace, name = "" } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

export function refOf(key: Key): Ref {
  const slash = key.indexOf("/");
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
