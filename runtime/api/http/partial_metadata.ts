/** PartialObjectMetadata: objects without anything but their metadata, for clients that only need that. */
import type { Resource } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import { shownAs } from "../objects/versions.ts";
import { bookmarkObject, type Encoding, listMeta } from "./encodings.ts";
import { json, jsonFrame, jsonList, jsonText } from "./json_bytes.ts";

const encoder = new TextEncoder();

export function partialObject({ object }: ObjectRevision, apiVersion: string) {
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata };
}

/** `apiVersion`: `meta.k8s.io/v1`, or `v1beta1` for old clients. */
export function partialMetadata(apiVersion: string): Encoding {
  const bytes = (revision: ObjectRevision, resource: Resource) => {
    const shown = shownAs(revision, resource);
    return shown.encoding(
      `partial ${apiVersion}`,
      () => encoder.encode(JSON.stringify(partialObject(shown, apiVersion))),
    );
  };
  return {
    ...json,
    listParts: undefined,
    key: `partial ${apiVersion}`,
    object: bytes,
    list: (list, resource) => {
      const items = list.items.map((revision) => bytes(revision, resource));
      return jsonList(items, "PartialObjectMetadataList", apiVersion, listMeta(list));
    },
    frame: (type, revision, resource) => jsonFrame(type, bytes(revision, resource)),
    bookmark: (revision, initialEnd) => {
      const object = bookmarkObject(revision, initialEnd, "PartialObjectMetadata", apiVersion);
      return jsonText({ type: "BOOKMARK", object });
    },
  };
}
