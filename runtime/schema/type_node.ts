/**
 * What a value of a kind may look like, as data: one tree of nodes for built-in kinds (from the v1.36 table) and for
 * custom resources (from their openAPIV3Schema). Decoding, pruning, defaulting, structural validation, strategic merge,
 * server-side apply, OpenAPI and protobuf all walk this tree; none of them knows a kind by name.
 *
 * Nodes may be recursive (JSONSchemaProps holds itself), so follow them lazily and never print a whole tree.
 */
import type { Json } from "./object.ts";

export type TypeNode = StructNode | MapNode | ListNode | ScalarNode | AnyNode;

/** An object with named fields. */
export interface StructNode {
  readonly type: "struct";
  /** Stable name, such as `core/v1.PodSpec`; empty for anonymous structs of custom resources. */
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldNode>;
  /** Server-side apply owns it as a whole (`x-kubernetes-map-type: atomic`, `+structType=atomic`). */
  readonly atomic: boolean;
  /** `x-kubernetes-preserve-unknown-fields`: fields that are not listed are kept. */
  readonly preserveUnknown: boolean;
  /** Type of the fields that are not listed, where a custom resource gives `additionalProperties` beside properties. */
  readonly additional?: TypeNode;
}

export interface FieldNode {
  readonly name: string;
  readonly type: TypeNode;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly default?: Json;
  /** Protobuf field number and name of built-in kinds (k8s.io/api generated.proto). */
  readonly protoNumber?: number;
  readonly protoName?: string;
  /** Numbers of the messages around it where Go embeds a struct: its fields stand in the parent in JSON only. */
  readonly protoPath?: readonly number[];
  /** Strategic merge patch: `patchStrategy` split at commas, and `patchMergeKey`. */
  readonly patchStrategy: readonly string[];
  readonly patchMergeKey?: string;
  /** Absent and zero mean the same (Go `omitempty` on a non-pointer). */
  readonly pointer: boolean;
  /** Go prints it even when it is empty, although it is not required. */
  readonly written?: boolean;
}

/** Free keys, one type of value. */
export interface MapNode {
  readonly type: "map";
  readonly values: TypeNode;
  readonly atomic: boolean;
}

export interface ListNode {
  readonly type: "list";
  readonly items: TypeNode;
  /** How server-side apply sees it: `map` lists are keyed by `keys`. */
  readonly listType: "atomic" | "set" | "map";
  readonly keys: readonly string[];
  /** A named list of Go's (Verbs, ExtraValue), which protobuf wraps in a message whose field 1 repeats. */
  readonly protoWrapped?: boolean;
}

export interface ScalarNode {
  readonly type:
    | "string"
    | "boolean"
    | "int32"
    | "int64"
    | "double"
    | "bytes" // base64 in JSON
    | "quantity"
    | "intOrString"
    | "time" // RFC 3339, whole seconds
    | "microTime" // RFC 3339, microseconds
    | "duration"; // Go duration string
  readonly enum?: readonly string[];
  /** Go's name of the type where it is an alias, such as `v1.PullPolicy`: messages about wrong types show it. */
  readonly goName?: string;
}

/** Any JSON: RawExtension, JSON, FieldsV1, `x-kubernetes-preserve-unknown-fields` without properties. */
export interface AnyNode {
  readonly type: "any";
  /** `x-kubernetes-embedded-resource`: apiVersion, kind and metadata are checked as an object's. */
  readonly embeddedResource: boolean;
  /** How protobuf carries it where it is not JSON text in a RawExtension. */
  readonly wire?: "rawExtension" | "json" | "fieldsV1" | "schemaOrArray" | "schemaOrBool" | "schemaOrStrings";
}
