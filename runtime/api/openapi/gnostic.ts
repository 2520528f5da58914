/**
 * OpenAPI v2 as protobuf (gnostic's `openapi.v2.Document`): the only form of it that kubectl and client-go ask for.
 *
 * The message types are a table: field number, and how a JSON value is written into it. Free-form values (extensions,
 * defaults) travel as YAML text, for which JSON is good enough.
 *
 * Source: github.com/google/gnostic, openapiv2/OpenAPIv2.proto (field numbers).
 */
import protobuf from "protobufjs";
import type { Json } from "../../schema/mod.ts";
import type { OpenApiV2 } from "./v2.ts";

type Writer = protobuf.Writer;
type Fields = { readonly [name: string]: Json };
type WriteField = (writer: Writer, value: Json) => void;
type Message = Readonly<Record<string, WriteField>>;

const BYTES = 2;

function tagged(writer: Writer, number: number): Writer {
  return writer.uint32((number << 3) | BYTES);
}

const text = (number: number): WriteField => (writer, value) => void tagged(writer, number).string(String(value));

const texts = (number: number): WriteField => (writer, value) => {
  for (const item of value as Json[]) text(number)(writer, item);
};

const flag = (number: number): WriteField => (writer, value) => void writer.uint32(number << 3).bool(value === true);

const whole = (number: number): WriteField => (writer, value) => void writer.uint32(number << 3).int64(value as number);

const double = (number: number): WriteField => (writer, value) =>
  void writer.uint32((number << 3) | 1).double(value as number);

function nested(writer: Writer, number: number, write: () => void): void {
  tagged(writer, number).fork();
  write();
  writer.ldelim();
}

/** `Any`: the value as YAML. */
const any = (number: number): WriteField => (writer, value) =>
  nested(writer, number, () => text(2)(writer, JSON.stringify(value)));

const anys = (number: number): WriteField => (writer, value) => {
  for (const item of value as Json[]) any(number)(writer, item);
};

const message = (number: number, type: () => Message): WriteField => (writer, value) =>
  nested(writer, number, () => writeFields(writer, value as Fields, type()));

/** A map as a list of `{name = 1, value = 2}`. */
const named = (number: number, write: WriteField): WriteField => (writer, value) => {
  for (const [name, item] of Object.entries(value as Fields)) {
    nested(writer, number, () => {
      text(1)(writer, name);
      write(writer, item);
    });
  }
};

/** One message around another. */
const within = (number: number, write: WriteField): WriteField => (writer, value) =>
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

const schema: Message = {
  $ref: text(1),
  format: text(2),
  title: text(3),
  description: text(4),
  default: any(5),
  multipleOf: double(6),
  maximum: double(7),
  exclusiveMaximum: flag(8),
  minimum: double(9),
  exclusiveMinimum: flag(10),
  maxLength: whole(11),
  minLength: whole(12),
  pattern: text(13),
  maxItems: whole(14),
  minItems: whole(15),
  uniqueItems: flag(16),
  maxProperties: whole(17),
  minProperties: whole(18),
  required: texts(19),
  enum: anys(20),
  additionalProperties: (writer, value) =>
    nested(
      writer,
      21,
      () => typeof value === "boolean" ? flag(2)(writer, value) : message(1, () => schema)(writer, value),
    ),
  type: (writer, value) => within(22, texts(1))(writer, Array.isArray(value) ? value : [value]),
  items: within(23, message(1, () => schema)),
  properties: within(25, named(1, message(2, () => schema))),
  "x-": named(31, any(2)),
};

const queryParameter: Message = {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(6),
  uniqueItems: flag(20),
};

const pathParameter: Message = {
  required: flag(1),
  in: text(2),
  description: text(3),
  name: text(4),
  type: text(5),
  uniqueItems: flag(19),
};

const bodyParameter: Message = {
  description: text(1),
  name: text(2),
  in: text(3),
  required: flag(4),
  schema: message(5, () => schema),
};

/** ParametersItem holds a Parameter, which holds one of the kinds of parameters. */
const parameters = (number: number): WriteField => (writer, value) => {
  for (const parameter of value as Fields[]) within(number, within(1, oneParameter(parameter)))(writer, parameter);
};

function oneParameter(parameter: Fields): WriteField {
  if (parameter.in === "body") return message(1, () => bodyParameter);
  return within(2, parameter.in === "path" ? message(4, () => pathParameter) : message(3, () => queryParameter));
}

const response: Message = { description: text(1), schema: within(2, message(1, () => schema)) };

const operation: Message = {
  description: text(3),
  operationId: text(5),
  produces: texts(6),
  consumes: texts(7),
  parameters: parameters(8),
  responses: within(9, named(1, within(2, message(1, () => response)))),
  "x-": named(13, any(2)),
};

const pathItem: Message = {
  get: message(2, () => operation),
  put: message(3, () => operation),
  post: message(4, () => operation),
  delete: message(5, () => operation),
  patch: message(8, () => operation),
  parameters: parameters(9),
};

const document: Message = {
  swagger: text(1),
  info: message(2, () => ({ title: text(1), version: text(2) })),
  paths: within(8, named(2, message(2, () => pathItem))),
  definitions: within(9, named(1, message(2, () => schema))),
};

export function openApiV2Protobuf(openApi: OpenApiV2): Uint8Array {
  const writer = protobuf.Writer.create();
  writeFields(writer, openApi as unknown as Fields, document);
  return writer.finish();
}
