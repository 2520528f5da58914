/**
 * From objects to stored bytes and from stored bytes to served bytes, without parsing in between.
 *
 * Laws: what is stored never carries `metadata.resourceVersion` (the store's revision is the truth); what is served
 * always does; both are JSON in UTF-8 that begins with kind, apiVersion and metadata, so that the splice is a copy.
 */
import type { KubeObject } from "../../schema/mod.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const latin1 = new TextDecoder("latin1");
const opening = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",){1,2}"metadata":\{/;
const spliced = /^"resourceVersion":"\d+",?/;
/** Long enough for the longest group, version and kind and a resourceVersion. */
const headBytes = 640;

/** The bytes that are stored for an object. */
export function serialise(object: KubeObject): Uint8Array {
  const { kind, apiVersion, metadata = {}, ...rest } = object;
  const { resourceVersion: _, ...kept } = metadata;
  return encoder.encode(JSON.stringify({ kind, apiVersion, metadata: kept, ...rest }));
}

export function parse(bytes: Uint8Array): KubeObject {
  return JSON.parse(decoder.decode(bytes)) as KubeObject;
}

/** Bytes that carry `revision` as their resourceVersion, from bytes with another one or with none; 0: what is not stored has none. */
export function spliceRevision(value: Uint8Array, revision: number): Uint8Array {
  const head = latin1.decode(value.subarray(0, headBytes));
  const match = opening.exec(head);
  // Data that another server wrote may have its members in another order.
  if (!match) return spliceRevision(serialise(parse(value)), revision);
  const at = match[0].length;
  const from = at + (spliced.exec(head.slice(at))?.[0].length ?? 0);
  const closes = head.charCodeAt(from) === 0x7d;
  const insert = encoder.encode(revision === 0 ? "" : `"resourceVersion":"${revision}"${closes ? "" : ","}`);
  const bytes = new Uint8Array(at + insert.length + value.length - from);
  bytes.set(value.subarray(0, at));
  bytes.set(insert, at);
  bytes.set(value.subarray(from), at + insert.length);
  return bytes;
}
