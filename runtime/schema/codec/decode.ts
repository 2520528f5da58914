/**
 * From protobuf messages to plain objects in their JSON form. Zero values of fields that are left out of JSON when empty are
 * left out here too; fields with unknown numbers are skipped, as protobuf asks.
 */
import type { FieldNode, ScalarNode, StructNode, TypeNode } from "../type_node.ts";
import { structNamed } from "../builtin/link.ts";
import { type Entry, layoutOf } from "./layout.ts";
import { Reader, wireBytes } from "./wire.ts";

type Struct = Record<string, unknown>;
type ValueReader = (reader: Reader) => unknown;
/** Reads one occurrence of a field into the object. */
type Step = (reader: Reader, wire: number, object: Struct) => void;

const plans = new WeakMap<StructNode, ReadonlyMap<number, Step>>();

/** Throws RangeError when the bytes are no such message. */
export function decodeStruct(reader: Reader, node: StructNode): Struct {
  let plan = plans.get(node);
  if (!plan) plans.set(node, plan = planOf(layoutOf(node)));
  const object: Struct = {};
  readInto(reader, plan, object);
  return object;
}

function planOf(entries: readonly Entry[]): ReadonlyMap<number, Step> {
  return new Map(
    entries.map((entry) => [entry.number, "embedded" in entry ? embeddedStep(entry.embedded) : stepOf(entry.field)]),
  );
}

function readInto(reader: Reader, plan: ReadonlyMap<number, Step>, object: Struct): void {
  while (!reader.done) {
    const tag = reader.varint();
    const wire = tag & 7;
    const step = plan.get(tag >>> 3);
    if (step) step(reader, wire, object);
    else reader.skip(wire);
  }
}

function embeddedStep(entries: readonly Entry[]): Step {
  const plan = planOf(entries);
  return (reader, _wire, object) => readInto(reader.message(), plan, object);
}

function stepOf(field: FieldNode): Step {
  const { name, type } = field;
  if (type.type === "list" && !type.protoWrapped) return listStep(name, type.items);
  if (type.type === "map") return mapStep(name, valueReader(type.values));
  const read = valueReader(type);
  const keepsZero = field.required || field.written || field.pointer || type.type === "intOrString";
  return (reader, _wire, object) => {
    const value = read(reader);
    if (value !== undefined && (keepsZero || !isZero(value))) object[name] = value;
  };
}

function isZero(value: unknown): boolean {
  return value === 0 || value === "" || value === false;
}

function listStep(name: string, items: TypeNode): Step {
  const read = valueReader(items);
  const isNumber = items.type === "int32" || items.type === "int64" || items.type === "boolean";
  return (reader, wire, object) => {
    const list = (object[name] ??= []) as unknown[];
    // Numbers may come packed into one field.
    if (!isNumber || wire !== wireBytes) return void list.push(read(reader));
    for (const packed = reader.message(); !packed.done;) list.push(read(packed));
  };
}

function mapStep(name: string, read: ValueReader): Step {
  return (reader, _wire, object) => {
    const map = (object[name] ??= {}) as Struct;
    const entry = reader.message();
    let key = "";
    let value: unknown;
    while (!entry.done) {
      const tag = entry.varint();
      if (tag >>> 3 === 1) key = entry.text();
      else if (tag >>> 3 === 2) value = read(entry);
      else entry.skip(tag & 7);
    }
    // Defined, not assigned: a key may be called __proto__.
    Object.defineProperty(map, key, { value: value ?? "", enumerable: true, writable: true, configurable: true });
  };
}

function valueReader(type: TypeNode): ValueReader {
  switch (type.type) {
    case "struct":
      return (reader) => decodeStruct(reader.message(), type);
    case "list":
      return (reader) =>
        fieldsOf(reader.message()).filter(([number]) => number === 1).map(([, bytes]) => textOf(bytes));
    case "map":
      throw new Error("a map does not stand in a list or a map");
    case "any":
      return anyReaders[type.wire ?? "rawExtension"]!;
  }
  return scalarReaders[type.type];
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array | number | undefined): string {
  return bytes instanceof Uint8Array ? decoder.decode(bytes) : "";
}

/** Fields of a small message, in order: numbers as they are, the rest as bytes. */
function fieldsOf(reader: Reader): [number: number, value: Uint8Array | number][] {
  const fields: [number, Uint8Array | number][] = [];
  while (!reader.done) {
    const tag = reader.varint();
    fields.push([tag >>> 3, (tag & 7) === wireBytes ? reader.raw() : reader.varint()]);
  }
  return fields;
}

function fieldMap(reader: Reader): Map<number, Uint8Array | number> {
  return new Map(fieldsOf(reader.message()));
}

const scalarReaders: Record<ScalarNode["type"], ValueReader> = {
  string: (reader) => reader.text(),
  boolean: (reader) => reader.varint() !== 0,
  int32: (reader) => reader.varint() | 0,
  int64: (reader) => reader.varint(),
  double: (reader) => reader.double(),
  bytes: (reader) => reader.raw().toBase64(),
  quantity: (reader) => textOf(fieldMap(reader).get(1)) || "0",
  intOrString: (reader) => {
    const fields = fieldMap(reader);
    return fields.get(1) === 1 ? textOf(fields.get(3)) : Number(fields.get(2) ?? 0) | 0;
  },
  time: (reader) => readTime(reader, false),
  microTime: (reader) => readTime(reader, true),
  duration: (reader) => reader.text(),
};

/** An empty message is a time that was never set. */
function readTime(reader: Reader, withMicroseconds: boolean): string | undefined {
  const fields = fieldMap(reader);
  if (fields.size === 0) return undefined;
  const seconds = Number(fields.get(1) ?? 0);
  const nanos = Number(fields.get(2) ?? 0);
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw new RangeError(`protobuf: ${seconds} s is not a time`);
  const whole = date.toISOString().slice(0, 19);
  return withMicroseconds ? `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z` : `${whole}Z`;
}

function schemaOf(bytes: Uint8Array | number | undefined): Struct | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  return decodeStruct(new Reader(bytes), structNamed("apiextensions/v1.JSONSchemaProps")!);
}

function readJson(reader: Reader): unknown {
  const text = textOf(fieldMap(reader).get(1));
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new RangeError("protobuf: embedded JSON cannot be parsed");
  }
}

const anyReaders: Readonly<Record<string, ValueReader>> = {
  rawExtension: readJson,
  json: readJson,
  fieldsV1: readJson,
  schemaOrArray: (reader) => {
    const fields = fieldsOf(reader.message());
    const list = fields.filter(([number]) => number === 2).map(([, bytes]) => schemaOf(bytes));
    return list.length > 0 ? list : schemaOf(new Map(fields).get(1)) ?? [];
  },
  schemaOrBool: (reader) => {
    const fields = fieldMap(reader);
    return schemaOf(fields.get(2)) ?? fields.get(1) === 1;
  },
  schemaOrStrings: (reader) => {
    const fields = fieldsOf(reader.message());
    return schemaOf(new Map(fields).get(1)) ??
      fields.filter(([number]) => number === 2).map(([, bytes]) => textOf(bytes));
  },
};
