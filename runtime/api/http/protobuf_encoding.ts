/**
 * `application/vnd.kubernetes.protobuf`, which client-go's typed clients prefer. Custom resources have no such form.
 *
 * A list is joined from messages of its items that are kept with their revisions, as JSON lists are.
 */
import {
  apiVersionOf,
  encodeProtobuf,
  type KubeObject,
  messageIn,
  type Resource,
  typeOf,
  watchFrame,
} from "../../schema/mod.ts";
import type { ObjectRevision } from "../cache/mod.ts";
import { shownAs } from "../objects/versions.ts";
import type { ObjectList } from "../operations.ts";
import { bookmarkObject, type Encoding, listMeta } from "./encodings.ts";
import { concat } from "./json_bytes.ts";

const mediaType = "application/vnd.kubernetes.protobuf";

export function hasProtobuf({ type }: Resource): boolean {
  return type.name !== "";
}

function objectBytes(revision: ObjectRevision, resource: Resource): Uint8Array {
  const shown = shownAs(revision, resource);
  // What a write to `scale` answers is a Scale, not the object that was scaled.
  const encode = ({ object }: ObjectRevision) =>
    object.kind === resource.kind ? encodeProtobuf(resource, object) : valueBytes(object);
  return shown.encoding("protobuf", () => encode(shown));
}

/** Anything that names its kind. */
function valueBytes(value: object): Uint8Array {
  const { apiVersion = "v1", kind = "" } = value as KubeObject;
  const type = typeOf(apiVersion, kind);
  if (!type) throw new Error(`no protobuf form of ${apiVersion} ${kind}`);
  return encodeProtobuf(type, value as KubeObject);
}

/** The head of the list, then its items, each behind its length; around all an envelope. */
function partsOf(list: ObjectList, resource: Resource): readonly Uint8Array[] {
  const apiVersion = apiVersionOf(resource);
  const head = messageIn(valueBytes({ apiVersion, kind: resource.listKind, metadata: listMeta(list), items: [] }));
  const items: Uint8Array[] = [];
  let length = head.length;
  for (const revision of list.items) {
    const message = messageIn(objectBytes(revision, resource));
    const before = lengthDelimited(itemsField, message.length);
    items.push(before, message);
    length += before.length + message.length;
  }
  return [...envelopeOf(apiVersion, resource.listKind, length), head, ...items];
}

export const protobuf: Encoding = {
  key: "protobuf",
  contentType: mediaType,
  streamType: `${mediaType};stream=watch`,
  firstDiffers: false,
  object: objectBytes,
  list: (list, resource) => concat(partsOf(list, resource)),
  listParts: partsOf,
  frame: (type, revision, resource) => watchFrame(type, objectBytes(revision, resource)),
  bookmark: (revision, initialEnd, resource) => {
    const object = bookmarkObject(revision, initialEnd, resource.kind, apiVersionOf(resource));
    return watchFrame("BOOKMARK", encodeProtobuf(resource, object as unknown as KubeObject));
  },
  value: valueBytes,
  errorFrame: (status) => watchFrame("ERROR", valueBytes(status)),
};

/** `items` of every list. */
const itemsField = 2;
const magic = new Uint8Array([0x6b, 0x38, 0x73, 0x00]);
const encoder = new TextEncoder();

/** Tag and length of a field that holds bytes (wire type 2). */
function lengthDelimited(field: number, length: number): Uint8Array {
  const bytes = [field << 3 | 2];
  for (; length > 0x7f; length = Math.floor(length / 128)) bytes.push(length % 128 | 0x80);
  bytes.push(length);
  return new Uint8Array(bytes);
}

/** What comes before the message in a runtime.Unknown: `typeMeta` = 1 (apiVersion = 1, kind = 2), `raw` = 2. */
function envelopeOf(apiVersion: string, kind: string, length: number): readonly Uint8Array[] {
  const version = encoder.encode(apiVersion);
  const name = encoder.encode(kind);
  const meta = concat([lengthDelimited(1, version.length), version, lengthDelimited(2, name.length), name]);
  return [magic, lengthDelimited(1, meta.length), meta, lengthDelimited(2, length)];
}
