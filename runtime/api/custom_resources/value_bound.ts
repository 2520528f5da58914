/** How large what a schema describes can become, and how small: sizes in bytes of JSON, counts of items. */
import { anything, type Bound, declaredProperty, manyOf, mostRequestBytes, one, textOf } from "../../cel/mod.ts";
import type { JsonSchema } from "./json_schema.ts";

const bytesACharacter = 4;
/** Texts of these formats are read as what they mean, and are no longer than this. */
const formatted: Readonly<Record<string, number>> = { duration: 32, date: 12, "date-time": 23 };

export function boundOf(schema: JsonSchema, root = false): Bound {
  if (schema["x-kubernetes-int-or-string"]) return { ...anything, most: textBytes(schema) };
  switch (schema.type) {
    case "object":
      return objectBound(schema, root);
    case "array":
      return manyOf(mostItems(schema), schema.items ? boundOf(schema.items) : anything);
    case "string":
      return schema.format && formatted[schema.format] ? one : textOf(textBytes(schema));
    case undefined:
      return anything;
    default:
      return one;
  }
}

function textBytes({ format = "", maxLength, enum: values }: JsonSchema): number {
  if (maxLength !== undefined) return Math.min(maxLength * bytesACharacter, mostRequestBytes);
  if (values?.length) return Math.max(...values.map((value) => String(value).length));
  return formatted[format] ?? mostRequestBytes - 2;
}

const names: JsonSchema = { type: "string", maxLength: 253 };
const own: Readonly<Record<string, JsonSchema>> = {
  apiVersion: names,
  kind: names,
  metadata: { type: "object", properties: { name: names, generateName: names } },
};

function objectBound(schema: JsonSchema, root: boolean): Bound {
  const { properties, additionalProperties: more } = schema;
  if (!properties && more) {
    return { kind: "map", most: mostItems(schema), item: more === true ? anything : boundOf(more) };
  }
  const whole = root || schema["x-kubernetes-embedded-resource"];
  if (!properties && !whole) return schema["x-kubernetes-preserve-unknown-fields"] ? anything : one;
  const known = whole ? { ...properties, ...own } : properties ?? {};
  const field = (name: string) => {
    const inner = declaredProperty(name, known);
    return inner && boundOf(inner);
  };
  return { kind: "object", most: 1, field };
}

/** Of a list, or entries of a map: what the schema says, or what a request can hold. */
export function mostItems({ items, additionalProperties: more, maxItems, maxProperties, type }: JsonSchema): number {
  const room = mostRequestBytes - 2;
  if (type === "array") return maxItems ?? Math.floor(room / (leastBytes(items) + 1));
  return maxProperties ?? Math.floor(room / (leastBytes(more === true ? undefined : more || undefined) + 6));
}

const leastOf: Readonly<Record<string, number>> = { boolean: 4, string: 2, array: 2 };

/** The shortest JSON that it allows. */
export function leastBytes(schema: JsonSchema | undefined): number {
  if (!schema) return 1;
  if (schema.type !== "object") return leastOf[schema.type ?? ""] ?? 1;
  const { required = [], properties = {} } = schema;
  const asked = required.filter((name) => properties[name] && properties[name].default === undefined);
  return 2 + asked.reduce((sum, name) => sum + name.length + 4 + leastBytes(properties[name]), 0);
}
