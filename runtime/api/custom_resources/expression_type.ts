/** What expressions see of a custom resource: the types of its schema. Source: KEP-2876, "Type checking". */
import {
  bool,
  bytes,
  type CelType,
  declaredField,
  double,
  duration,
  dyn,
  int,
  listOf,
  mapOf,
  type ObjectType,
  string,
  timestamp,
} from "../../cel/mod.ts";
import type { JsonSchema } from "./json_schema.ts";

const metadata: JsonSchema = {
  type: "object",
  properties: { name: { type: "string" }, generateName: { type: "string" } },
};
const own: Readonly<Record<string, JsonSchema>> = {
  apiVersion: { type: "string" },
  kind: { type: "string" },
  metadata,
};

const formats: Readonly<Record<string, CelType>> = {
  "date-time": timestamp,
  date: timestamp,
  duration,
  byte: bytes,
};

const known = new WeakMap<JsonSchema, CelType>();

/** `root`: of a whole object, which has apiVersion, kind and metadata whether its schema says so or not. */
export function expressionType(schema: JsonSchema, root = false): CelType {
  const found = known.get(schema);
  if (found) return found;
  const made = makeType(schema, root || schema["x-kubernetes-embedded-resource"] === true);
  known.set(schema, made);
  return made;
}

function makeType(schema: JsonSchema, whole: boolean): CelType {
  if (schema["x-kubernetes-int-or-string"]) return dyn;
  switch (schema.type) {
    case "object":
      return objectType(schema, whole);
    case "array":
      return listOf(schema.items ? expressionType(schema.items) : dyn);
    case "string":
      return formats[schema.format ?? ""] ?? string;
    case "integer":
      return int;
    case "number":
      return double;
    case "boolean":
      return bool;
    default:
      return dyn;
  }
}

function objectType(schema: JsonSchema, whole: boolean): CelType {
  const { properties, additionalProperties: more } = schema;
  if (!properties && more) return mapOf(string, more === true ? dyn : expressionType(more));
  return fieldsOf(whole ? { ...properties, ...own } : properties ?? {});
}

function fieldsOf(properties: Readonly<Record<string, JsonSchema>>): ObjectType {
  return {
    kind: "object",
    name: "object",
    field: (name) =>
      declaredField(
        name,
        (property) => Object.hasOwn(properties, property) ? expressionType(properties[property]!) : undefined,
      ),
  };
}
