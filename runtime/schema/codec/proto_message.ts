/**
 * Small protobuf messages described by their fields, for the plugins' protocols, whose messages are no Kubernetes kinds.
 *
 * ```ts
 * const point = message({ name: text(1), tags: texts(2) });
 * point.encode({ name: "a" });            // absent fields are not written
 * point.decode(bytes).tags;               // absent fields read as proto3's empty values
 * ```
 */
import { BackwardWriter, Reader, wireBytes, wireVarint } from "./wire.ts";

/** One field: its number, what it is before anything was read, and how it is written and read. */
export interface ProtoField<T> {
  readonly number: number;
  empty(): T;
  write(writer: BackwardWriter, value: T): void;
  /** `before`: what earlier occurrences gave. */
  read(reader: Reader, wire: number, before: T): T;
}

type Fields = Readonly<Record<string, ProtoField<never>>>;
type ValueOf<F> = F extends ProtoField<infer T> ? T : never;
export type MessageOf<F> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

export interface ProtoMessage<T> {
  encode(value: Partial<T>): Uint8Array;
  /** Unknown fields are passed over. Throws RangeError on malformed bytes. */
  decode(bytes: Uint8Array): T;
}

export function message<F extends Readonly<Record<string, unknown>>>(fields: F): ProtoMessage<MessageOf<F>> {
  const rows = Object.entries(fields as unknown as Fields).sort(([, a], [, b]) => b.number - a.number);
  const byNumber = new Map(rows.map(([name, field]) => [field.number, { name, field }]));
  return {
    encode(value) {
      const writer = new BackwardWriter();
      for (const [name, field] of rows) {
        const given = (value as Record<string, never>)[name];
        if (given !== undefined) field.write(writer, given);
      }
      return writer.finish();
    },
    decode(bytes) {
      const reader = new Reader(bytes);
      const value = Object.fromEntries(rows.map(([name, field]) => [name, field.empty()]));
      while (!reader.done) {
        const tag = reader.varint();
        const found = byNumber.get(Math.floor(tag / 8));
        if (found) value[found.name] = found.field.read(reader, tag % 8, value[found.name] as never);
        else reader.skip(tag % 8);
      }
      return value as unknown as MessageOf<F>;
    },
  };
}

export function text(number: number): ProtoField<string> {
  return {
    number,
    empty: () => "",
    write: (writer, value) => value !== "" && writer.text(number, value),
    read: (reader) => reader.text(),
  };
}

export function bytes(number: number): ProtoField<Uint8Array> {
  return {
    number,
    empty: () => new Uint8Array(0),
    write: (writer, value) => value.length > 0 && writeBytes(writer, number, value),
    read: (reader) => reader.raw(),
  };
}

export function integer(number: number): ProtoField<number> {
  return {
    number,
    empty: () => 0,
    write: (writer, value) => value !== 0 && writeInteger(writer, number, value),
    read: (reader) => reader.varint(),
  };
}

export function flag(number: number): ProtoField<boolean> {
  return {
    number,
    empty: () => false,
    write: (writer, value) => value && writeInteger(writer, number, 1),
    read: (reader) => reader.varint() !== 0,
  };
}

export function texts(number: number): ProtoField<readonly string[]> {
  return {
    number,
    empty: () => [],
    write: (writer, value) => value.toReversed().forEach((one) => writer.text(number, one)),
    read: (reader, _wire, before) => [...before, reader.text()],
  };
}

/** Of messages. */
export function list<T>(number: number, of: ProtoMessage<T>): ProtoField<readonly T[]> {
  return {
    number,
    empty: () => [],
    write: (writer, value) => value.toReversed().forEach((one) => writeBytes(writer, number, of.encode(one))),
    read: (reader, _wire, before) => [...before, of.decode(reader.raw())],
  };
}

export function integers(number: number): ProtoField<readonly number[]> {
  return {
    number,
    empty: () => [],
    write: (writer, value) => {
      if (value.length === 0) return;
      const before = writer.length;
      value.toReversed().forEach((one) => writer.varint(one));
      writer.close(number, before);
    },
    // Packed or one by one: both are valid.
    read: (reader, wire, before) => wire === wireBytes ? [...before, ...packed(reader)] : [...before, reader.varint()],
  };
}

/** `map<string, string>` */
export function pairs(number: number): ProtoField<Readonly<Record<string, string>>> {
  const entry = message({ key: text(1), value: text(2) });
  return {
    number,
    empty: () => ({}),
    write: (writer, value) =>
      Object.entries(value).reverse().forEach(([key, value]) =>
        writeBytes(writer, number, entry.encode({ key, value }))
      ),
    read: (reader, _wire, before) => {
      const { key, value } = entry.decode(reader.raw());
      return { ...before, [key]: value };
    },
  };
}

/** A message that may be absent, also one of a `oneof`. */
export function nested<T>(number: number, of: ProtoMessage<T>): ProtoField<Partial<T> | undefined> {
  return {
    number,
    empty: () => undefined,
    write: (writer, value) => value && writeBytes(writer, number, of.encode(value)),
    read: (reader) => of.decode(reader.raw()) as Partial<T>,
  };
}

function* packed(reader: Reader): Generator<number> {
  const values = reader.message();
  while (!values.done) yield values.varint();
}

function writeBytes(writer: BackwardWriter, number: number, value: Uint8Array): void {
  const before = writer.length;
  writer.bytes(value);
  writer.close(number, before);
}

function writeInteger(writer: BackwardWriter, number: number, value: number): void {
  writer.varint(value);
  writer.tag(number, wireVarint);
}
