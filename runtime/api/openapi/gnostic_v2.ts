/**
 * OpenAPI v2 as protobuf (gnostic's `openapi.v2.Document`): the only form of it that kubectl and client-go ask for.
 *
 * Source: github.com/google/gnostic, openapiv2/OpenAPIv2.proto (field numbers).
 */
import { BackwardWriter, wireBytes } from "../../schema/codec/wire.ts";
import type { Json } from "../../schema/mod.ts";
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
  type: (writer, value) => within(22, texts(1))(writer, Array.isArray(value) ? value : [value] as Json),
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
const parameters = (number: number): WriteField =>
  all((writer, value) => within(number, within(1, oneParameter(value as Fields)))(writer, value));

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

const head: Message = { swagger: text(1), info: message(2, () => ({ title: text(1), version: text(2) })) };

/** What stands in the message of all paths; such bytes one after another are more of them. */
export function gnosticPaths(all: Fields): Uint8Array {
  return encoded({ all }, { all: named(2, message(2, () => pathItem)) });
}

/** The same of definitions. */
export function gnosticDefinitions(all: Fields): Uint8Array {
  return encoded({ all }, { all: named(1, message(2, () => schema)) });
}

export function gnosticDocument(
  about: object,
  paths: readonly Uint8Array[],
  definitions: readonly Uint8Array[],
): Uint8Array[] {
  return [encoded(about, head), opening(8, paths), ...paths, opening(9, definitions), ...definitions];
}

/** Tag and length of a message that is made of these. */
function opening(number: number, pieces: readonly Uint8Array[]): Uint8Array {
  const writer = new BackwardWriter();
  writer.varint(pieces.reduce((sum, { length }) => sum + length, 0));
  writer.tag(number, wireBytes);
  return writer.finish();
}
