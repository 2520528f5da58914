/**
 * How JSON becomes gnostic's protobuf: a message is a table of field number and how a value is written into it. Free-form
 * values (extensions, defaults) travel as YAML text, for which JSON is good enough.
 */
import protobuf from "protobufjs";
import type { Json } from "../../schema/mod.ts";

type Writer = protobuf.Writer;
export type Fields = { readonly [name: string]: Json };
export type WriteField = (writer: Writer, value: Json) => void;
export type Message = Readonly<Record<string, WriteField>>;

const BYTES = 2;

function tagged(writer: Writer, number: number): Writer {
  return writer.uint32((number << 3) | BYTES);
}

export const text = (number: number): WriteField => (writer, value) =>
  void tagged(writer, number).string(String(value));

export const texts = (number: number): WriteField => (writer, value) => {
  for (const item of value as Json[]) text(number)(writer, item);
};

export const flag = (number: number): WriteField => (writer, value) =>
  void writer.uint32(number << 3).bool(value === true);

export const whole = (number: number): WriteField => (writer, value) =>
  void writer.uint32(number << 3).int64(value as number);

export const double = (number: number): WriteField => (writer, value) =>
  void writer.uint32((number << 3) | 1).double(value as number);

export function nested(writer: Writer, number: number, write: () => void): void {
  tagged(writer, number).fork();
  write();
  writer.ldelim();
}

/** `Any`: the value as YAML. */
export const any = (number: number): WriteField => (writer, value) =>
  nested(writer, number, () => text(2)(writer, JSON.stringify(value)));

export const anys = (number: number): WriteField => (writer, value) => {
  for (const item of value as Json[]) any(number)(writer, item);
};

export const message = (number: number, type: () => Message): WriteField => (writer, value) =>
  nested(writer, number, () => writeFields(writer, value as Fields, type()));

/** A map as a list of `{name = 1, value = 2}`. */
export const named = (number: number, write: WriteField): WriteField => (writer, value) => {
  for (const [name, item] of Object.entries(value as Fields)) {
    nested(writer, number, () => {
      text(1)(writer, name);
      write(writer, item);
    });
  }
};

/** One message around another. */
export const within = (number: number, write: WriteField): WriteField => (writer, value) =>
  nested(writer, number, () => write(writer, value));

/** Fields that the table names; `x-` fields are extensions, others are left out. */
function writeFields(writer: Writer, fields: Fields, type: Message): void {
  for (const [name, value] of Object.entries(fields)) {
    const write = Object.hasOwn(type, name) ? type[name] : name.startsWith("x-") ? extension(type, name) : undefined;
    write?.(writer, value);
  }
}

function extension(type: Message, name: string): WriteField | undefined {
  const write = type["x-"];
  return write && ((writer, value) => write(writer, { [name]: value }));
}

export function encoded(value: object, type: Message): Uint8Array {
  const writer = protobuf.Writer.create();
  writeFields(writer, value as Fields, type);
  return writer.finish();
}
