/**
 * Types as OpenAPI schemas. The two versions of OpenAPI differ in how a reference is written and in whether enums are told;
 * that is what a `Dialect` says. A document holds the types that its kinds reach, each once.
 */
import type { FieldNode, Json, ScalarNode, StructNode, TypeNode } from "../../schema/mod.ts";
import type { Describe } from "./descriptions.ts";
import { definitionName, wellKnown } from "./names.ts";

export type Schema = { [keyword: string]: Json };

export interface Dialect {
  /** A reference with what else is said about the field. */
  readonly reference: (definition: string, beside: Schema) => Schema;
  readonly enums: boolean;
  /** Whether it is told what a field is when it is left out: Go's zero values, which are no pointers. */
  readonly defaults: boolean;
}

const scalars: Partial<Record<ScalarNode["type"], Schema>> = {
  string: { type: "string" },
  boolean: { type: "boolean" },
  int32: { type: "integer", format: "int32" },
  int64: { type: "integer", format: "int64" },
  double: { type: "number", format: "double" },
  bytes: { type: "string", format: "byte" },
};

/** Collects definitions while kinds are looked at. */
export class Definitions {
  readonly schemas: Record<string, Schema> = {};

  constructor(private readonly dialect: Dialect, private readonly describe: Describe) {}

  /** A reference to a definition that is there or will be. */
  reference(definition: string): Schema {
    return this.dialect.reference(definition, this.zero());
  }

  /** Beside a struct that is there although nobody sent it. */
  zero(): Schema {
    return this.dialect.defaults ? { default: {} } : {};
  }

  /** A reference to the struct, whose definition is added with all that it reaches. */
  refer(struct: StructNode, beside: Schema = {}): Schema {
    const name = definitionName(struct.name);
    if (!(name in this.schemas)) {
      this.schemas[name] = {};
      Object.assign(this.schemas[name]!, this.#structSchema(struct));
    }
    return this.dialect.reference(name, beside);
  }

  /** The two fields of every object, in the words that stand at the built-in kinds. */
  typeMeta(): Schema {
    const told = this.describe("meta/v1.Status")?.fields;
    const field = (name: string): Schema => {
      const { description } = told?.get(name) ?? {};
      return { ...(description ? { description } : {}), type: "string" };
    };
    return { apiVersion: field("apiVersion"), kind: field("kind") };
  }

  /** The schema of a type where it is used. */
  schemaOf(type: TypeNode, beside: Schema = {}): Schema {
    switch (type.type) {
      case "struct":
        return type.name ? this.refer(type, beside) : { ...beside, ...this.#structSchema(type) };
      case "list":
        return { ...beside, type: "array", items: this.schemaOf(type.items, this.#zeroOf(type.items)) };
      case "map":
        return {
          ...beside,
          type: "object",
          additionalProperties: this.schemaOf(type.values, this.#zeroOf(type.values)),
        };
      case "any":
        return type.wire ? this.#referWellKnown(type.wire, beside) : { ...beside, ...untyped(type.embeddedResource) };
      default:
        return this.#scalarSchema(type, beside);
    }
  }

  /** What Go fills in. */
  #zeroOf(type: TypeNode): Schema {
    const zero = this.dialect.defaults ? zeroOf(type) : undefined;
    return zero === undefined ? {} : { default: zero };
  }

  #scalarSchema(type: ScalarNode, beside: Schema): Schema {
    const plain = scalars[type.type];
    if (!plain) return this.#referWellKnown(type.type, beside);
    return { ...beside, ...plain, ...(type.enum && this.dialect.enums ? { enum: [...type.enum] } : {}) };
  }

  #referWellKnown(key: string, beside: Schema): Schema {
    const { name, ...schema } = wellKnown[key]!;
    this.schemas[name] ??= schema;
    return this.dialect.reference(name, beside);
  }

  #besideField(field: FieldNode, description: string, builtin: boolean): Schema {
    const { default: given, type, pointer, required, written } = field;
    const isZero = builtin && !pointer && (required || written || type.type === "struct");
    const filled = given === undefined && isZero ? this.#zeroOf(type) : {};
    return {
      ...besideField(this.dialect.defaults ? field : { ...field, default: undefined }, description, builtin),
      ...filled,
    };
  }

  #structSchema(struct: StructNode): Schema {
    const told = struct.name ? this.describe(struct.name) : undefined;
    const properties: Schema = {};
    const required: string[] = [];
    const isObject = struct.fields.has("metadata");
    for (const field of struct.fields.values()) {
      const { description = "", required: needed = false } = told?.fields.get(field.name) ?? {};
      properties[field.name] = this.schemaOf(field.type, this.#besideField(field, description, struct.name !== ""));
      // Which fields a client must send is known from the declarations only: Go's own tags say less.
      if (needed && !(isObject && typeMeta.has(field.name))) required.push(field.name);
    }
    return {
      ...(told?.description ? { description: told.description } : {}),
      type: "object",
      ...(struct.fields.size > 0 ? { properties } : {}),
      ...(required.length > 0 ? { required: required.sort() } : {}),
      ...(struct.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
      ...(struct.preserveUnknown ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    };
  }
}

/** Of a struct that is no leaf; lists and maps are absent when they are empty. */
function zeroOf(type: TypeNode): Json | undefined {
  if (type.type === "struct") return type.name ? {} : undefined;
  if (type.type === "string") return "";
  if (type.type === "boolean") return false;
  return type.type === "int32" || type.type === "int64" || type.type === "double" ? 0 : undefined;
}

const typeMeta: ReadonlySet<string> = new Set(["apiVersion", "kind"]);

function untyped(embeddedResource: boolean): Schema {
  return {
    type: "object",
    "x-kubernetes-preserve-unknown-fields": true,
    ...(embeddedResource ? { "x-kubernetes-embedded-resource": true } : {}),
  };
}

/** What stands beside the type of a field: words, default, and how patches and applies merge it, which Go's types always say. */
function besideField(field: FieldNode, description: string, builtin: boolean): Schema {
  const { type, patchStrategy, patchMergeKey } = field;
  return {
    ...(description ? { description } : {}),
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(field.nullable ? { nullable: true } : {}),
    ...(type.type === "list" && (builtin || type.listType !== "atomic")
      ? { "x-kubernetes-list-type": type.listType }
      : {}),
    ...(type.type === "list" && type.listType === "map" ? { "x-kubernetes-list-map-keys": [...type.keys] } : {}),
    ...(type.type === "map" && type.atomic ? { "x-kubernetes-map-type": "atomic" } : {}),
    ...(patchMergeKey ? { "x-kubernetes-patch-merge-key": patchMergeKey } : {}),
    ...(patchStrategy.length > 0 ? { "x-kubernetes-patch-strategy": patchStrategy.join(",") } : {}),
  };
}
