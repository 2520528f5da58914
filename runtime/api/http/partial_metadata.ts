/** PartialObjectMetadata: objects without anything but their metadata, for clients that only need that. */
import type { ObjectRevision } from "../cache/mod.ts";
import { bookmarkObject, type Encoding, listMeta } from "./encodings.ts";
import { json, jsonFrame, jsonList, jsonText } from "./json_bytes.ts";

const encoder = new TextEncoder();

export function partialObject({ object }: ObjectRevision, apiVersion: string) {
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata };
}

/** `apiVersion`: `meta.k8s.io/v1`, or `v1beta1` for old clients. */
export function partialMetadata(apiVersion: string): Encoding {
  const bytes = (revision: ObjectRevision) =>
    revision.encoding(
      `partial ${apiVersion}`,
      () => encoder.encode(JSON.stringify(partialObject(revision, apiVersion))),
    );
  return {
    ...json,
    listParts: undefined,
    key: `partial ${apiVersion}`,
    object: bytes,
    list: (list) => jsonList(list.items.map(bytes), "PartialObjectMetadataList", apiVersion, listMeta(list)),
    frame: (type, revision) => jsonFrame(type, bytes(revision)),
    bookmark: (revision, initialEnd) => {
      const object = bookmarkObject(revision, initialEnd, "PartialObjectMetadata", apiVersion);
      return jsonText({ type: "BOOKMARK", object });
    },
  };
}
