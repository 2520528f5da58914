/**
 * From a structural `openAPIV3Schema` to the tree of types that pruning, defaulting, patches and server-side apply walk
 * for every kind.
 *
 * Source: "Specifying a structural schema" and the `x-kubernetes-*` extensions.
 */
import type { FieldNode, ListNode, MapNode, ScalarNode, StructNode, TypeNode } from "../../schema/mod.ts";
import type { JsonSchema } from "./json_schema.ts";

const anything: TypeNode = { type: "any", embeddedResource: false };

/** The type of a whole object; what a schema says of apiVersion, kind and metadata is replaced by what every object has. */
export function structuralType(schema: JsonSchema | undefined, metadata: TypeNode): StructNode {
  const own = schema?.properties ?? {};
  const fields = new Map<string, FieldNode>();
  for (const [name, inner] of Object.entries(own)) fields.set(name, fieldOf(schema!, name, inner, metadata));
  for (const name of ["apiVersion", "kind"]) fields.set(name, plainField(name, { type: "string" }));
  fields.set("metadata", plainField("metadata", metadata));
  return {
    type: "struct",
    name: "",
    fields,
    atomic: false,
    preserveUnknown: !schema || schema["x-kubernetes-preserve-unknown-fields"] === true,
  };
}

/** The type of one value; `structuralType` is that of a whole object. `metadata`: of the objects that it embeds. */
export function typeOfSchema(schema: JsonSchema, metadata: TypeNode = anything): TypeNode {
  if (schema["x-kubernetes-int-or-string"]) return { type: "intOrString" };
  if (schema["x-kubernetes-embedded-resource"]) return structuralType(schema, metadata);
  if (schema.type === "object" || schema.properties || schema.additionalProperties) return objectOf(schema, metadata);
  if (schema.type === "array") return listOf(schema, metadata);
  return scalarOf(schema);
}

function objectOf(schema: JsonSchema, metadata: TypeNode): StructNode | MapNode | TypeNode {
  const { properties, additionalProperties: more } = schema;
  const atomic = schema["x-kubernetes-map-type"] === "atomic";
  const preserveUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (!properties && more && more !== true) return { type: "map", values: typeOfSchema(more, metadata), atomic };
  if (!properties && (more === true || preserveUnknown)) return anything;
  const fields = new Map(
    Object.entries(properties ?? {}).map(([name, inner]) => [name, fieldOf(schema, name, inner, metadata)]),
  );
  const additional = more ? (more === true ? anything : typeOfSchema(more, metadata)) : undefined;
  return { type: "struct", name: "", fields, atomic, preserveUnknown, ...(additional ? { additional } : {}) };
}

function listOf(schema: JsonSchema, metadata: TypeNode): ListNode {
  const items = schema.items ? typeOfSchema(schema.items, metadata) : anything;
  const listType = schema["x-kubernetes-list-type"] ?? "atomic";
  return { type: "list", items, listType, keys: schema["x-kubernetes-list-map-keys"] ?? [] };
}

const scalars: Readonly<Record<string, ScalarNode["type"]>> = {
  string: "string",
  boolean: "boolean",
  number: "double",
  integer: "int64",
};

function scalarOf({ type = "", format, enum: values }: JsonSchema): TypeNode {
  const known = scalars[type];
  if (!known) return anything;
  const scalar = known === "int64" && format === "int32" ? "int32" : known;
  const texts = values?.every((value) => typeof value === "string") ? values as readonly string[] : undefined;
  return texts && type === "string" ? { type: scalar, enum: texts } : { type: scalar };
}

function fieldOf(parent: JsonSchema, name: string, schema: JsonSchema, metadata: TypeNode): FieldNode {
  return {
    ...plainField(name, typeOfSchema(schema, metadata)),
    required: parent.required?.includes(name) ?? false,
    nullable: schema.nullable ?? false,
    ...(schema.default === undefined ? {} : { default: schema.default }),
  };
}

function plainField(name: string, type: TypeNode): FieldNode {
  return { name, type, required: false, nullable: false, patchStrategy: [], pointer: true };
}
