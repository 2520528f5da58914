/** PartialObjectMetadata: objects without anything but their metadata, for clients that only need that. */
import { type Resource, watchFrame } from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import { shownAs } from "../objects/versions.ts";
import type { ObjectList } from "../operations.ts";
import { bookmarkObject, type Encoding, listMeta } from "./encodings.ts";
import { json, jsonFrame, jsonList, jsonText } from "./json_bytes.ts";
import { protobuf } from "./protobuf_encoding.ts";

const kind = "PartialObjectMetadata";

function partialObject({ object }: ObjectRevision, apiVersion: string) {
  return { kind, apiVersion, metadata: object.metadata };
}

function partialList(list: ObjectList, resource: Resource, apiVersion: string) {
  const items = list.items.map((revision) => partialObject(shownAs(revision, resource), apiVersion));
  return { kind: `${kind}List`, apiVersion, metadata: listMeta(list), items };
}

/** `plain`: how it is written. `apiVersion`: `meta.k8s.io/v1`, or `v1beta1` for old clients. */
export function partialMetadata(plain: Encoding, apiVersion: string): Encoding {
  const key = `partial ${plain.key} ${apiVersion}`;
  const bytes = (revision: ObjectRevision, resource: Resource) => {
    const shown = shownAs(revision, resource);
    return shown.encoding(key, () => plain.value(partialObject(shown, apiVersion)));
  };
  const shape = { ...plain, key, listParts: undefined, object: bytes };
  if (plain === protobuf) return { ...shape, ...protobufForms(apiVersion, bytes) };
  if (plain !== json) {
    return {
      ...shape,
      list: (list, resource) => plain.value(partialList(list, resource, apiVersion)),
    };
  }
  return {
    ...shape,
    list: (list, resource) => {
      const items = list.items.map((revision) => bytes(revision, resource));
      return jsonList(items, `${kind}List`, apiVersion, listMeta(list));
    },
    frame: (type, revision, resource) => jsonFrame(type, bytes(revision, resource)),
    bookmark: (revision, initialEnd) => {
      return jsonText({ type: "BOOKMARK", object: bookmarkObject(revision, initialEnd, kind, apiVersion) });
    },
  };
}

function protobufForms(
  apiVersion: string,
  bytes: Encoding["object"],
): Pick<Encoding, "list" | "frame" | "bookmark"> {
  const encode = (value: object) => protobuf.value(value);
  return {
    list: (list, resource) => encode(partialList(list, resource, apiVersion)),
    frame: (type, revision, resource) => watchFrame(type, bytes(revision, resource)),
    bookmark: (revision, initialEnd) =>
      watchFrame("BOOKMARK", encode(bookmarkObject(revision, initialEnd, kind, apiVersion))),
  };
}
