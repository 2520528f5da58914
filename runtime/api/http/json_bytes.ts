/** JSON answers, assembled from bytes that exist already. */
import { apiVersionOf, type Resource } from "../../schema/mod.ts";
import type { EventType, ObjectRevision } from "../cache/mod.ts";
import { shownAs } from "../objects/versions.ts";
import type { ObjectList } from "../operations.ts";
import { bookmarkObject, type Encoding, listMeta } from "./encodings.ts";

const encoder = new TextEncoder();
const comma = encoder.encode(",");
const brace = encoder.encode("{");
const listEnd = encoder.encode("]}\n");
const frameEnd = encoder.encode("}\n");
const frameStart: Readonly<Record<EventType, Uint8Array>> = {
  ADDED: encoder.encode('{"type":"ADDED","object":'),
  MODIFIED: encoder.encode('{"type":"MODIFIED","object":'),
  DELETED: encoder.encode('{"type":"DELETED","object":'),
};

export function jsonText(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value) + "\n");
}

function jsonObject(revision: ObjectRevision, resource: Resource): Uint8Array {
  return shownAs(revision, resource).bytes;
}

/** Joins items into one list answer. */
export function jsonList(
  items: readonly Uint8Array[],
  kind: string,
  apiVersion: string,
  metadata: unknown,
): Uint8Array {
  return concat(jsonListParts(items, kind, apiVersion, metadata));
}

function jsonListParts(
  items: readonly Uint8Array[],
  kind: string,
  apiVersion: string,
  metadata: unknown,
): readonly Uint8Array[] {
  const head = { kind, apiVersion, metadata };
  const start = encoder.encode(`${JSON.stringify(head).slice(0, -1)},"items":[`);
  const parts: Uint8Array[] = [start];
  for (const item of items) {
    if (parts.length > 1) parts.push(comma);
    parts.push(item);
  }
  parts.push(listEnd);
  return parts;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function jsonFrame(type: EventType, object: Uint8Array): Uint8Array {
  return concat([frameStart[type], object, frameEnd]);
}

/** Items of a built-in kind do not say what they are: the list does. Custom ones do, as Go's two kinds of lists have it. */
function partsOf(list: ObjectList, resource: Resource): readonly Uint8Array[] {
  const items = list.items.map((revision) => jsonObject(revision, resource));
  const apiVersion = apiVersionOf(resource);
  const parts = jsonListParts(items, resource.listKind, apiVersion, listMeta(list));
  if (resource.type.name === "") return parts;
  const opening = encoder.encode(JSON.stringify({ kind: resource.kind, apiVersion }).slice(0, -1) + ",");
  return parts.flatMap((part) => beginsWith(part, opening) ? [brace, part.subarray(opening.length)] : [part]);
}

function beginsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let at = 0; at < start.length; at++) if (bytes[at] !== start[at]) return false;
  return true;
}

export const json: Encoding = {
  key: "json",
  contentType: "application/json",
  streamType: "application/json",
  firstDiffers: false,
  object: jsonObject,
  list: (list: ObjectList, resource) => concat(partsOf(list, resource)),
  listParts: partsOf,
  frame: (type, revision, resource) => jsonFrame(type, jsonObject(revision, resource)),
  bookmark: (revision, initialEnd, resource) => {
    const object = bookmarkObject(revision, initialEnd, resource.kind, apiVersionOf(resource));
    return jsonText({ type: "BOOKMARK", object });
  },
  value: jsonText,
  errorFrame: (status) => jsonText({ type: "ERROR", object: status }),
};

const decoder = new TextDecoder();

function indented(bytes: Uint8Array): Uint8Array {
  return encoder.encode(JSON.stringify(JSON.parse(decoder.decode(bytes)), undefined, 2));
}

/** For people's eyes; a watch is a line an event all the same. */
export const prettyJson: Encoding = {
  ...json,
  key: "pretty json",
  listParts: undefined,
  object: (revision, resource) => indented(json.object(revision, resource)),
  list: (list, resource) => indented(json.list(list, resource)),
  value: (value) => indented(json.value(value)),
};
