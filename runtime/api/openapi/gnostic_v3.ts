/**
 * OpenAPI v3 as protobuf (gnostic's `openapi.v3.Document`).
 *
 * Source: github.com/google/gnostic, openapiv3/OpenAPIv3.proto (field numbers).
 */
import {
  all,
  any,
  anys,
  double,
  encoded,
  type Fields,
  flag,
  type Message,
  message,
  named,
  nested,
  text,
  texts,
  whole,
  within,
  type WriteField,
} from "./gnostic_fields.ts";

/** Wherever something may stand, a reference to it may: one field of two. */
const orReference = (number: number, type: () => Message): WriteField => (writer, value) =>
  nested(writer, number, () => {
    const { $ref } = value as Fields;
    if ($ref === undefined) message(1, type)(writer, value);
    else nested(writer, 2, () => text(1)(writer, $ref));
  });

/** `openapi.v3.DefaultType` has no room for lists and objects, of which `{}` says nothing anyway. */
const simple = (number: number): WriteField => (writer, value) => {
  if (typeof value === "object") return;
  const write = typeof value === "number" ? double(1) : typeof value === "boolean" ? flag(2) : text(3);
  nested(writer, number, () => write(writer, value));
};

const schemaAt = (number: number) => orReference(number, () => schema);

const schema: Message = {
  nullable: flag(1),
  title: text(9),
  multipleOf: double(10),
  maximum: double(11),
  exclusiveMaximum: flag(12),
  minimum: double(13),
  exclusiveMinimum: flag(14),
  maxLength: whole(15),
  minLength: whole(16),
  pattern: text(17),
  maxItems: whole(18),
  minItems: whole(19),
  uniqueItems: flag(20),
  maxProperties: whole(21),
  minProperties: whole(22),
  required: texts(23),
  enum: anys(24),
  type: text(25),
  allOf: all(schemaAt(26)),
  oneOf: all(schemaAt(27)),
  anyOf: all(schemaAt(28)),
  not: message(29, () => schema),
  items: within(30, schemaAt(1)),
  properties: within(31, named(1, schemaAt(2))),
  additionalProperties: (writer, value) =>
    nested(writer, 32, () => typeof value === "boolean" ? flag(2)(writer, value) : schemaAt(1)(writer, value)),
  default: simple(33),
  description: text(34),
  format: text(35),
  "x-": named(36, any(2)),
};

const mediaType: Message = { schema: schemaAt(1) };
const content = (number: number) => within(number, named(1, message(2, () => mediaType)));

const parameter: Message = {
  name: text(1),
  in: text(2),
  description: text(3),
  required: flag(4),
  schema: schemaAt(10),
};

const requestBody: Message = { content: content(2), required: flag(3) };
const response: Message = { description: text(1), content: content(3) };

const operation: Message = {
  description: text(3),
  operationId: text(5),
  parameters: all(orReference(6, () => parameter)),
  requestBody: orReference(7, () => requestBody),
  responses: within(8, named(2, orReference(2, () => response))),
  "x-": named(13, any(2)),
};

const pathItem: Message = {
  get: message(4, () => operation),
  put: message(5, () => operation),
  post: message(6, () => operation),
  delete: message(7, () => operation),
  patch: message(10, () => operation),
  parameters: all(orReference(13, () => parameter)),
};

const document: Message = {
  openapi: text(1),
  info: message(2, () => ({ title: text(1), version: text(6) })),
  paths: within(4, named(1, message(2, () => pathItem))),
  components: message(5, () => ({ schemas: within(1, named(1, schemaAt(2))) })),
};

/** What answers are called, as for v2: what is asked for has an `@`, which no media type may have. */
export const openApiV3Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

export function openApiV3Bytes(openApi: object): Uint8Array {
  return encoded(openApi, document);
}
