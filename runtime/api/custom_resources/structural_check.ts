/**
 * Is a schema structural? What must hold before anything can be pruned, defaulted and typed by it, in upstream's words.
 *
 * Source: "Specifying a structural schema"; KEP-20190425 (structural OpenAPI).
 */
import {
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  pruneUnknown,
  required,
  sameJson,
} from "../../schema/mod.ts";
import { EvaluationError, pattern } from "../../cel/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import { typeOfSchema } from "./structural_type.ts";
import { listTypes, mapTypes } from "./structural_lists.ts";
import { valueFaults } from "./validation.ts";

export interface Spot {
  readonly path: string;
  /** What a schema at this place is called in messages. */
  readonly what: string;
  readonly root: boolean;
}

export type Rule = (schema: JsonSchema, spot: Spot) => FieldError[];

export function structuralFaults(schema: JsonSchema, path: string): FieldError[] {
  const faults = faultsIn(schema, { path, what: "at the root", root: true });
  const misformed = faults.filter(({ message }) => !message.startsWith(incomplete));
  return misformed.length > 0 ? misformed : faults;
}

/** Told only of a schema that is well formed otherwise. */
const incomplete = "Required value: because it is defined in ";

function faultsIn(schema: JsonSchema, spot: Spot): FieldError[] {
  const own = rules.flatMap((rule) => rule(schema, spot));
  return [
    ...own,
    ...junctorFaults(schema, spot.path),
    ...children(schema, spot).flatMap(([inner, at]) => faultsIn(inner, at)),
  ];
}

function children({ properties = {}, items, additionalProperties: more }: JsonSchema, { path }: Spot) {
  const found: [JsonSchema, Spot][] = Object.entries(properties).map(([name, inner]) => [
    inner,
    { path: `${path}.properties[${name}]`, what: "for specified object fields", root: false },
  ]);
  if (items && !Array.isArray(items)) {
    found.push([items, { path: `${path}.items`, what: "for specified array items", root: false }]);
  }
  if (more && more !== true) {
    const at = { path: `${path}.additionalProperties`, what: "for specified object fields", root: false };
    found.push([more, at]);
  }
  return found;
}

const knownTypes = ["array", "boolean", "integer", "number", "object", "string"];

const typed: Rule = (schema, { path, what, root }) => {
  const { type } = schema;
  const at = `${path}.type`;
  if (!type) {
    const free = schema["x-kubernetes-int-or-string"] || schema["x-kubernetes-preserve-unknown-fields"];
    return root || !free ? [required(at, `must not be empty ${what}`)] : [];
  }
  if (root && type !== "object") return [invalidValue(at, type, "must be object at the root")];
  if (knownTypes.includes(type)) return [];
  const faults = [notSupported(at, type, knownTypes)];
  if (type === "null") faults.push(forbidden(at, "type cannot be set to null, use nullable as an alternative"));
  return faults;
};

const preservation: Rule = (schema, { path }) => {
  const keeps = schema["x-kubernetes-preserve-unknown-fields"];
  const at = `${path}.x-kubernetes-preserve-unknown-fields`;
  if (keeps === false) return [invalidValue(at, false, "must be true or undefined")];
  if (!keeps || !schema["x-kubernetes-int-or-string"]) return [];
  return [invalidValue(at, true, "must be false if x-kubernetes-int-or-string is true")];
};

const never = ["$ref", "id", "definitions", "patternProperties", "dependencies", "additionalItems"] as const;

const unsupported: Rule = (schema, { path }) => {
  const faults = never.filter((name) => schema[name] !== undefined)
    .map((name) => forbidden(`${path}.${name}`, `${name} is not supported`));
  if (schema.uniqueItems) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    faults.push(forbidden(`${path}.uniqueItems`, why));
  }
  if (schema.additionalProperties !== undefined && schema.properties) {
    const why = "additionalProperties and properties are mutual exclusive";
    faults.push(forbidden(`${path}.additionalProperties`, why));
  }
  if (Array.isArray(schema.items)) {
    faults.push(forbidden(`${path}.items`, "items must be a schema object and not an array"));
  }
  return faults;
};

const arrays: Rule = (schema, { path }) =>
  schema.type === "array" && !schema.items ? [required(`${path}.items`, "must be specified")] : [];

const embedded: Rule = (schema, { path }) => {
  if (!schema["x-kubernetes-embedded-resource"]) return [];
  const faults: FieldError[] = [];
  if (!schema.properties && !schema["x-kubernetes-preserve-unknown-fields"]) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    faults.push(required(`${path}.properties`, why));
  }
  if (schema.type === "object") return faults;
  const why = "must be object if x-kubernetes-embedded-resource is true";
  return [...faults, invalidValue(`${path}.type`, schema.type ?? "", why)];
};

/** The server itself says what these are. */
const ownFields: Rule = ({ properties = {}, nullable, additionalProperties }, { path, root }) => {
  if (!root) return [];
  const faults: FieldError[] = [];
  if (nullable) faults.push(forbidden(`${path}.nullable`, "nullable cannot be true at the root"));
  if (additionalProperties) faults.push(forbidden(`${path}.additionalProperties`, "must not be used at the root"));
  for (const name of ["apiVersion", "kind"]) {
    const type = properties[name]?.type;
    if (type && type !== "string") {
      faults.push(invalidValue(`${path}.properties[${name}].type`, type, "must be string"));
    }
  }
  return properties.metadata
    ? [...faults, ...metadataFaults(properties.metadata, `${path}.properties[metadata]`)]
    : faults;
};

function metadataFaults(metadata: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const { type, properties = {}, additionalProperties } = metadata;
  if (type && type !== "object") faults.push(invalidValue(`${path}.type`, type, "must be object"));
  if (metadata.default !== undefined) {
    faults.push(forbidden(`${path}.default`, "must not be set in top-level metadata"));
  }
  if (Object.keys(properties).some((name) => name !== "name" && name !== "generateName") || additionalProperties) {
    const why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
    faults.push(forbidden(path, why));
  }
  return faults;
}

const patterns: Rule = ({ pattern: expression }, { path }) => {
  if (!expression) return [];
  try {
    pattern(expression);
    return [];
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return [
      invalidValue(`${path}.pattern`, expression, `must be a valid regular expression, but isn't: ${error.message}`),
    ];
  }
};

/** A default must be what its schema allows, with nothing that would be pruned. */
const defaults: Rule = (schema, { path, root }) => {
  const value = schema.default;
  if (value === undefined) return [];
  const at = `${path}.default`;
  if (root) return rootDefaultFaults(value, at);
  const pruned = structuredClone(value);
  if (typeof pruned === "object" && pruned !== null) pruneUnknown(typeOfSchema(schema), pruned);
  if (!sameJson(pruned, value)) return [invalidValue(at, value, "must not have unknown fields")];
  const bare = { ...schema, default: undefined, "x-kubernetes-validations": undefined };
  try {
    return valueFaults(bare, value, at).map((fault) => withinDefault(fault, at));
  } catch (error) {
    // A pattern that is none: told at the pattern itself.
    if (error instanceof EvaluationError) return [];
    throw error;
  }
};

/** Upstream takes the default for a document of its own: its parts are named from there. */
function withinDefault({ reason, field, message }: FieldError, at: string): FieldError {
  const inner = field.slice(at.length).replace(/^\./, "");
  return {
    reason,
    field: inner ? `${at}.${inner}` : at,
    message: message.replace(`${field} in body`, `${inner} in body`),
  };
}

/** A whole object as a default would have to say what it is. */
function rootDefaultFaults(value: unknown, at: string): FieldError[] {
  const said = (value ?? {}) as Record<string, unknown>;
  return ["apiVersion", "kind"].filter((name) => !said[name]).map((name) => required(`${at}.${name}`));
}

const rules: readonly Rule[] = [
  typed,
  preservation,
  unsupported,
  arrays,
  embedded,
  ownFields,
  listTypes,
  mapTypes,
  patterns,
  defaults,
];

/** Which keywords have no place below a junctor, by what they must be there, in the order in which they are told. */
const notInJunctors = [
  ["additionalProperties", "undefined"],
  ["default", "undefined"],
  ["description", "empty"],
  ["title", "empty"],
  ["type", "empty"],
  ["nullable", "false"],
] as const;
const extensionsInJunctors = [
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
] as const;

/** The one way to say again that it is a number or a text. */
const numberOrText = [{ type: "integer" }, { type: "string" }];

function junctorFaults(schema: JsonSchema, path: string): FieldError[] {
  return [
    ...(["allOf", "anyOf", "oneOf"] as const).flatMap((name) =>
      saysNumberOrText(schema, name)
        ? []
        : (schema[name] ?? []).flatMap((inner, i) => faultsInJunctor(inner, schema, `${path}.${name}[${i}]`))
    ),
    ...schema.not ? faultsInJunctor(schema.not, schema, `${path}.not`) : [],
  ];
}

function saysNumberOrText(schema: JsonSchema, junctor: "allOf" | "anyOf" | "oneOf"): boolean {
  if (!schema["x-kubernetes-int-or-string"]) return false;
  if (junctor === "anyOf") return sameJson(schema.anyOf, numberOrText);
  return junctor === "allOf" && sameJson(schema.allOf, [{ anyOf: numberOrText }]);
}

/** Below a junctor stand only conditions on values whose structure is told outside of it. */
function faultsInJunctor(inner: JsonSchema, outer: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  for (const [keyword, what] of notInJunctors) {
    if (inner[keyword] !== undefined && inner[keyword] !== false) {
      faults.push(forbidden(`${path}.${keyword}`, `must be ${what} to be structural`));
    }
  }
  for (const keyword of extensionsInJunctors) {
    if (inner[keyword]) faults.push(forbidden(`${path}.${keyword}`, "must be false to be structural"));
  }
  if (inner["x-kubernetes-validations"]) {
    faults.push(forbidden(`${path}.x-kubernetes-validations`, "must be empty to be structural"));
  }
  for (const [name, property] of Object.entries(inner.properties ?? {})) {
    const at = `${path}.properties[${name}]`;
    const known = outer.properties?.[name];
    if (!known) faults.push({ ...required(outerPath(path, name)), message: incomplete + at });
    faults.push(...faultsInJunctor(property, known ?? {}, at));
  }
  if (inner.items) faults.push(...faultsInJunctor(inner.items, outer.items ?? {}, `${path}.items`));
  return [...faults, ...junctorFaults({ ...inner, properties: outer.properties, items: outer.items }, path)];
}

function outerPath(path: string, name: string): string {
  return `${path.replace(/\.(?:(?:allOf|anyOf|oneOf)\[\d+\]|not)(?:\.|$).*$/, "")}.properties[${name}]`;
}
