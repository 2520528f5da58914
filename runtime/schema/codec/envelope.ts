/**
 * `application/vnd.kubernetes.protobuf`: four bytes of magic, then a message that names version and kind and holds the
 * object's own message. Watch frames carry such an object each. Source: API concepts, "Alternate representations".
 */
import type { KubeObject } from "../object.ts";
import { StatusError } from "../status_error.ts";
import type { StructNode } from "../type_node.ts";
import { typeOf } from "../builtin/resources.ts";
import { decodeStruct } from "./decode.ts";
import { encodeStruct } from "./encode.ts";
import { BackwardWriter, Reader } from "./wire.ts";

const magic = new Uint8Array([0x6b, 0x38, 0x73, 0x00]);

/** The object must name its `apiVersion` and `kind`, and have the form that `applyDefaults` gives. */
export function encodeProtobuf(
  type: StructNode | { readonly type: StructNode },
  object: KubeObject,
): Uint8Array<ArrayBuffer> {
  const node = "fields" in type ? type : type.type;
  const writer = new BackwardWriter();
  writer.text(4, "");
  writer.text(3, "");
  const before = writer.length;
  encodeStruct(writer, node, object);
  writer.close(2, before);
  const meta = writer.length;
  writer.text(2, object.kind ?? "");
  writer.text(1, object.apiVersion ?? "");
  writer.close(1, meta);
  writer.bytes(magic);
  return writer.finish();
}

/** Version and kind of a body, and the object's own message. */
interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Throws BadRequest when the bytes are no such envelope. */
function readEnvelope(bytes: Uint8Array): Envelope {
  if (bytes.length < 4 || magic.some((byte, i) => bytes[i] !== byte)) {
    throw badBody("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  return guarded(() => {
    const envelope = { apiVersion: "", kind: "", raw: new Uint8Array() as Uint8Array };
    eachField(new Reader(bytes, magic.length), (number, reader) => {
      if (number === 1) Object.assign(envelope, readTypeMeta(reader.message()));
      else if (number === 2) envelope.raw = reader.raw();
      else return false;
      return true;
    });
    return envelope;
  });
}

/** The object's own message in bytes that `encodeProtobuf` made: without looking at what is around it. */
export function messageIn(enveloped: Uint8Array): Uint8Array {
  const reader = new Reader(enveloped, magic.length);
  for (let tag = reader.varint(); tag >>> 3 !== 2; tag = reader.varint()) reader.skip(tag & 7);
  return reader.raw();
}

function readTypeMeta(reader: Reader): { apiVersion?: string; kind?: string } {
  const meta: { apiVersion?: string; kind?: string } = {};
  eachField(reader, (number, inner) => {
    if (number === 1) meta.apiVersion = inner.text();
    else if (number === 2) meta.kind = inner.text();
    else return false;
    return true;
  });
  return meta;
}

function eachField(reader: Reader, take: (number: number, reader: Reader) => boolean): void {
  while (!reader.done) {
    const tag = reader.varint();
    if (!take(tag >>> 3, reader)) reader.skip(tag & 7);
  }
}

/**
 * `assumed` stands in for an `apiVersion` and `kind` that the body leaves out. Throws BadRequest for bytes that cannot be
 * read and for kinds without a protobuf form (custom resources).
 */
export function decodeProtobuf(bytes: Uint8Array, assumed?: { apiVersion: string; kind: string }): KubeObject {
  const { apiVersion, kind, raw } = readEnvelope(bytes);
  const names = { apiVersion: apiVersion || assumed?.apiVersion || "", kind: kind || assumed?.kind || "" };
  const type = typeOf(names.apiVersion, names.kind);
  if (!type) {
    throw badBody(
      `no kind ${JSON.stringify(names.kind)} is registered for version ${JSON.stringify(names.apiVersion)}`,
    );
  }
  return guarded(() => ({ ...names, ...decodeStruct(new Reader(raw), type) }));
}

/** A length before each event, then the event: its type and the object in an envelope of its own. */
export function watchFrame(type: string, object: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new BackwardWriter();
  const before = writer.length;
  const start = writer.length;
  writer.bytes(object);
  writer.close(1, start);
  writer.close(2, before);
  writer.text(1, type);
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, writer.length);
  writer.bytes(size);
  return writer.finish();
}

function guarded<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw badBody(error.message);
    throw error;
  }
}

function badBody(detail: string): StatusError {
  return new StatusError("BadRequest", `couldn't decode the body: ${detail}`);
}
