/**
 * The forms in which objects leave: a media type and a shape (the object itself, a Table, its metadata only).
 *
 * Law: a form that does not depend on the reader or the time is made at most once for each revision of an object.
 */
import type { Resource } from "../../schema/mod.ts";
import type { EventType, ObjectRevision } from "../cache/mod.ts";
import type { ObjectList } from "../operations.ts";

export interface Encoding {
  /** Two encodings of one key make the same bytes. */
  readonly key: string;
  readonly contentType: string;
  /** `Content-Type` of a watch. */
  readonly streamType: string;
  object(revision: ObjectRevision, resource: Resource): Uint8Array;
  list(list: ObjectList, resource: Resource): Uint8Array;
  /** The same in pieces, where an encoding has them: large lists are sent without being joined. */
  listParts?(list: ObjectList, resource: Resource): readonly Uint8Array[];
  /** One watch event; `first`: of this watch. */
  frame(type: EventType, revision: ObjectRevision, resource: Resource, first: boolean): Uint8Array;
  bookmark(revision: number, initialEnd: boolean, resource: Resource): Uint8Array;
  /** Anything that is not an object of the cache: a Status, a Scale, an error event. */
  value(value: object): Uint8Array;
  /** An ERROR event. */
  errorFrame(status: object): Uint8Array;
  /** Whether the first frame differs from later ones. */
  readonly firstDiffers: boolean;
}

export interface ListMeta {
  /** Absent of what no store holds. */
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export function listMeta(list: ObjectList): ListMeta {
  const { resourceVersion, continue: token, remainingItemCount } = list;
  return {
    ...(resourceVersion ? { resourceVersion } : {}),
    ...(token ? { continue: token } : {}),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** The object that a BOOKMARK carries. */
export function bookmarkObject(revision: number, initialEnd: boolean, kind: string, apiVersion: string) {
  const annotations = initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {};
  return { kind, apiVersion, metadata: { resourceVersion: String(revision), creationTimestamp: null, ...annotations } };
}
