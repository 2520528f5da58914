/**
 * From plain objects to protobuf messages as Go's generated code writes them: fields in order of number, what is not a
 * pointer always (even when zero), maps in order of keys. So that bytes are equal to upstream's, not only equivalent.
 */
import type { ScalarNode, StructNode, TypeNode } from "../type_node.ts";
import { canonicalQuantity } from "../quantity.ts";
import { structNamed } from "../builtin/link.ts";
import { type Entry, layoutOf } from "./layout.ts";
import { type BackwardWriter, wireFixed64, wireVarint } from "./wire.ts";

type Struct = Record<string, unknown>;
/** Writes a field that is there; `value` has the type's JSON form. */
type FieldWriter = (writer: BackwardWriter, number: number, value: unknown) => void;
type Step = (writer: BackwardWriter, object: Struct) => void;

const steps = new WeakMap<StructNode, Step[]>();

export function encodeStruct(writer: BackwardWriter, node: StructNode, object: Struct): void {
  let known = steps.get(node);
  if (!known) steps.set(node, known = layoutOf(node).map(stepOf));
  for (const step of known) step(writer, object);
}

function stepOf(entry: Entry): Step {
  if ("embedded" in entry) return embeddedStep(entry.number, entry.embedded.map(stepOf));
  const { name, type, pointer } = entry.field;
  const write = fieldWriter(type);
  const zero = pointer ? undefined : zeroOf(type);
  return (writer, object) => {
    const value = object[name] ?? zero;
    if (value !== undefined) write(writer, entry.number, value);
  };
}

function embeddedStep(number: number, inner: readonly Step[]): Step {
  return (writer, object) => {
    const before = writer.length;
    for (const step of inner) step(writer, object);
    writer.close(number, before);
  };
}

/** What stands for an absent field that is not a pointer; lists, maps and bytes that are absent are not written. */
function zeroOf(type: TypeNode): unknown {
  switch (type.type) {
    case "struct":
    case "any":
      return nothing;
    case "boolean":
      return false;
    case "int32":
    case "int64":
    case "double":
    case "intOrString":
      return 0;
    case "string":
    case "time":
    case "microTime":
      return "";
    case "quantity":
      return "0";
  }
  return undefined;
}

const nothing = Object.freeze({});

function fieldWriter(type: TypeNode): FieldWriter {
  switch (type.type) {
    case "struct":
      return structWriter(type);
    case "list":
      return type.protoWrapped ? wrappedWriter : listWriter(fieldWriter(type.items));
    case "map":
      return mapWriter(fieldWriter(type.values));
    case "any":
      return anyWriters[type.wire ?? "rawExtension"]!;
  }
  return scalarWriters[type.type];
}

function structWriter(node: StructNode): FieldWriter {
  return (writer, number, value) => {
    const before = writer.length;
    encodeStruct(writer, node, value as Struct);
    writer.close(number, before);
  };
}

function listWriter(write: FieldWriter): FieldWriter {
  return (writer, number, value) => {
    const items = value as unknown[];
    for (let i = items.length - 1; i >= 0; i--) write(writer, number, items[i] ?? nothing);
  };
}

const wrappedWriter: FieldWriter = (writer, number, value) => {
  const before = writer.length;
  const items = value as string[];
  for (let i = items.length - 1; i >= 0; i--) writer.text(1, items[i]!);
  writer.close(number, before);
};

function mapWriter(write: FieldWriter): FieldWriter {
  return (writer, number, value) => {
    const map = value as Struct;
    for (const key of Object.keys(map).sort(byBytes).reverse()) {
      const before = writer.length;
      write(writer, 2, map[key]);
      writer.text(1, key);
      writer.close(number, before);
    }
  };
}

/** Go sorts by bytes; UTF-16 order is the same except beyond the basic plane, where keys do not go. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const writeVarint: FieldWriter = (writer, number, value) => {
  writer.varint(value as number);
  writer.tag(number, wireVarint);
};

const scalarWriters: Record<ScalarNode["type"], FieldWriter> = {
  string: (writer, number, value) => writer.text(number, value as string),
  boolean: (writer, number, value) => {
    writer.varint(value ? 1 : 0);
    writer.tag(number, wireVarint);
  },
  int32: writeVarint,
  int64: writeVarint,
  double: (writer, number, value) => {
    writer.double(value as number);
    writer.tag(number, wireFixed64);
  },
  bytes: (writer, number, value) => writeBytes(writer, number, Uint8Array.fromBase64(value as string)),
  quantity: (writer, number, value) => {
    const before = writer.length;
    writer.text(1, canonicalQuantity(value as string));
    writer.close(number, before);
  },
  intOrString: writeIntOrString,
  time: (writer, number, value) => writeTime(writer, number, value as string, 0),
  microTime: (writer, number, value) =>
    writeTime(writer, number, value as string, microsecondsOf(value as string) * 1000),
  duration: (writer, number, value) => writer.text(number, value as string),
};

function writeBytes(writer: BackwardWriter, number: number, bytes: Uint8Array): void {
  const before = writer.length;
  writer.bytes(bytes);
  writer.close(number, before);
}

function writeIntOrString(writer: BackwardWriter, number: number, value: unknown): void {
  const before = writer.length;
  const isText = typeof value === "string";
  writer.text(3, isText ? value : "");
  writeVarint(writer, 2, isText ? 0 : value);
  writeVarint(writer, 1, isText ? 1 : 0);
  writer.close(number, before);
}

function microsecondsOf(text: string): number {
  return Number((/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(6, "0").slice(0, 6));
}

/** A time that was never set is an empty message. */
function writeTime(writer: BackwardWriter, number: number, text: string, nanos: number): void {
  const before = writer.length;
  if (text !== "") {
    writeVarint(writer, 2, nanos);
    writeVarint(writer, 1, Math.floor(Date.parse(text) / 1000));
  }
  writer.close(number, before);
}

const encoder = new TextEncoder();

/** JSON text in field 1 of a message. */
const writeJson: FieldWriter = (writer, number, value) => {
  const before = writer.length;
  if (value !== nothing) writeBytes(writer, 1, encoder.encode(JSON.stringify(value)));
  writer.close(number, before);
};

function schemaNode(): StructNode {
  return structNamed("apiextensions/v1.JSONSchemaProps")!;
}

function writeSchema(writer: BackwardWriter, number: number, value: unknown): void {
  const before = writer.length;
  encodeStruct(writer, schemaNode(), value as Struct);
  writer.close(number, before);
}

const anyWriters: Record<string, FieldWriter> = {
  rawExtension: writeJson,
  json: writeJson,
  fieldsV1: writeJson,
  schemaOrArray: (writer, number, value) => {
    const before = writer.length;
    if (Array.isArray(value)) value.toReversed().forEach((schema) => writeSchema(writer, 2, schema));
    else writeSchema(writer, 1, value);
    writer.close(number, before);
  },
  schemaOrBool: (writer, number, value) => {
    const before = writer.length;
    if (typeof value === "object") writeSchema(writer, 2, value);
    writeVarint(writer, 1, value === false ? 0 : 1);
    writer.close(number, before);
  },
  schemaOrStrings: (writer, number, value) => {
    const before = writer.length;
    if (Array.isArray(value)) value.toReversed().forEach((text) => writer.text(2, text));
    else writeSchema(writer, 1, value);
    writer.close(number, before);
  },
};
