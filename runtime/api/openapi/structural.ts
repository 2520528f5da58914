/**
 * A custom resource's schema as OpenAPI v2 can carry it. Keywords that v2 doesn't know would make old clients refuse the whole
 * document; a value that may be null or of several types is told as one of any type, so that clients don't refuse it either.
 */
import type { Json } from "../../schema/mod.ts";

const unknownToV2 = new Set([
  "nullable",
  "oneOf",
  "anyOf",
  "allOf",
  "not",
  "x-kubernetes-validations",
  "x-kubernetes-int-or-string",
]);

type Schema = { [keyword: string]: Json };

/** `properties` and its like hold schemas by name, so that names are not taken for keywords. */
export function withoutV3(schema: Json): Json {
  if (!isSchema(schema)) return schema;
  const left: Schema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!unknownToV2.has(keyword)) left[keyword] = below(keyword, value);
  }
  const anyType = schema.nullable === true || schema["x-kubernetes-int-or-string"] === true ||
    schema["x-kubernetes-preserve-unknown-fields"] === true;
  return anyType ? withoutType(left) : left;
}

function below(keyword: string, value: Json): Json {
  if (keyword === "properties" && isSchema(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, withoutV3(schema)]));
  }
  return keyword === "items" || keyword === "additionalProperties" ? withoutV3(value) : value;
}

function withoutType(
  { type: _, properties: _properties, items: _items, additionalProperties: _more, ...rest }: Schema,
): Schema {
  return rest;
}

function isSchema(value: Json): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
