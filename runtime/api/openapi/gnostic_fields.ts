/**
 * How JSON becomes gnostic's protobuf: a message is a table of field number and how a value is written into it. Free-form
 * values (extensions, defaults) travel as YAML text, for which JSON is good enough.
 *
 * Law: what comes last is written first, as the writer wants it.
 */
import type { Json } from "../../schema/mod.ts";
import { BackwardWriter, wireFixed64, wireVarint } from "../../schema/codec/wire.ts";

type Writer = BackwardWriter;
export type Fields = { readonly [name: string]: Json };
export type WriteField = (writer: Writer, value: Json) => void;
export type Message = Readonly<Record<string, WriteField>>;

export const text = (number: number): WriteField => (writer, value) => writer.text(number, String(value));

/** A repeated field. */
export const all = (write: WriteField): WriteField => (writer, value) => {
  for (const item of (value as Json[]).toReversed()) write(writer, item);
};

export const texts = (number: number): WriteField => all(text(number));

export const flag = (number: number): WriteField => (writer, value) => {
  writer.varint(value === true ? 1 : 0);
  writer.tag(number, wireVarint);
};

export const whole = (number: number): WriteField => (writer, value) => {
  writer.varint(value as number);
  writer.tag(number, wireVarint);
};

export const double = (number: number): WriteField => (writer, value) => {
  writer.double(value as number);
  writer.tag(number, wireFixed64);
};

export function nested(writer: Writer, number: number, write: () => void): void {
  const before = writer.length;
  write();
  writer.close(number, before);
}

/** `Any`: the value as YAML. */
export const any = (number: number): WriteField => (writer, value) =>
  nested(writer, number, () => text(2)(writer, JSON.stringify(value)));

export const anys = (number: number): WriteField => all(any(number));

export const message = (number: number, type: () => Message): WriteField => (writer, value) =>
  nested(writer, number, () => writeFields(writer, value as Fields, type()));

/** A map as a list of `{name = 1, value = 2}`. */
export const named = (number: number, write: WriteField): WriteField => (writer, value) => {
  for (const [name, item] of Object.entries(value as Fields).reverse()) {
    nested(writer, number, () => {
      write(writer, item);
      text(1)(writer, name);
    });
  }
};

/** One message around another. */
export const within = (number: number, write: WriteField): WriteField => (writer, value) =>
  nested(writer, number, () => write(writer, value));

/** Fields that the table names; `x-` fields are extensions, others are left out. */
function writeFields(writer: Writer, fields: Fields, type: Message): void {
  for (const [name, value] of Object.entries(fields).reverse()) {
    const write = Object.hasOwn(type, name) ? type[name] : name.startsWith("x-") ? extension(type, name) : undefined;
    write?.(writer, value);
  }
}

function extension(type: Message, name: string): WriteField | undefined {
  const write = type["x-"];
  return write && ((writer, value) => write(writer, { [name]: value }));
}

export function encoded(value: object, type: Message): Uint8Array {
  const writer = new BackwardWriter();
  writeFields(writer, value as Fields, type);
  return writer.finish();
}
