/**
 * Is a schema structural? What must hold before anything can be pruned, defaulted and typed by it, in upstream's words.
 *
 * Source: "Specifying a structural schema"; KEP-20190425 (structural OpenAPI).
 */
import { type FieldError, forbidden, invalidValue, pruneUnknown, required, sameJson } from "../../schema/mod.ts";
import { EvaluationError, pattern } from "../../cel/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import { typeOfSchema } from "./structural_type.ts";
import { valueFaults } from "./validation.ts";

interface Spot {
  readonly path: string;
  /** What a schema at this place is called in messages. */
  readonly what: string;
  readonly root: boolean;
}

type Rule = (schema: JsonSchema, spot: Spot) => FieldError[];

export function structuralFaults(schema: JsonSchema, path: string): FieldError[] {
  return faultsIn(schema, { path, what: "at the root", root: true });
}

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
  if (items) found.push([items, { path: `${path}.items`, what: "for specified array items", root: false }]);
  if (more && more !== true) {
    const at = { path: `${path}.additionalProperties`, what: "for specified object fields", root: false };
    found.push([more, at]);
  }
  return found;
}

const knownTypes = ["string", "number", "integer", "boolean", "array", "object"];

const typed: Rule = (schema, { path, what, root }) => {
  const { type } = schema;
  const at = `${path}.type`;
  if (schema["x-kubernetes-int-or-string"]) {
    return type ? [invalidValue(at, type, "must be empty if x-kubernetes-int-or-string is true")] : [];
  }
  if (!type) {
    return root || !schema["x-kubernetes-preserve-unknown-fields"] ? [required(at, `must not be empty ${what}`)] : [];
  }
  if (root && type !== "object") return [invalidValue(at, type, "must be object at the root")];
  return knownTypes.includes(type) ? [] : [{
    reason: "FieldValueNotSupported",
    field: at,
    message: `Unsupported value: ${JSON.stringify(type)}: supported values: ${
      [...knownTypes].sort().map((name) => JSON.stringify(name)).join(", ")
    }`,
  }];
};

const unsupported: Rule = (schema, { path }) => {
  const faults: FieldError[] = [];
  if (schema.$ref) faults.push(forbidden(`${path}.$ref`, "$ref is not supported"));
  if (schema.uniqueItems) {
    const why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    faults.push(forbidden(`${path}.uniqueItems`, why));
  }
  if (schema.additionalProperties === false) {
    faults.push(forbidden(`${path}.additionalProperties`, "additionalProperties cannot be set to false"));
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
  const faults = schema.type === "object"
    ? []
    : [invalidValue(`${path}.type`, schema.type ?? "", "must be object if x-kubernetes-embedded-resource is true")];
  if (!schema.properties && !schema["x-kubernetes-preserve-unknown-fields"]) {
    const why =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
    faults.push(required(`${path}.properties`, why));
  }
  return faults;
};

const rootMetadata: Rule = (schema, { path, root }) => {
  const metadata = schema.properties?.metadata;
  if (!metadata || !(root || schema["x-kubernetes-embedded-resource"])) return [];
  const named = Object.keys(metadata.properties ?? {}).every((name) => name === "name" || name === "generateName");
  if (named && !metadata.additionalProperties) return [];
  const why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
  return [forbidden(`${path}.properties[metadata]`, why)];
};

const listTypes: Rule = (schema, { path }) => {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const faults: FieldError[] = [];
  if (listType && schema.type !== "array") {
    faults.push(
      invalidValue(`${path}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified"),
    );
  }
  if (listType !== "map" && keys.length > 0) {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    faults.push(invalidValue(`${path}.x-kubernetes-list-type`, listType ?? "", why));
  }
  return listType === "map" ? [...faults, ...mapKeyFaults(schema, keys, path)] : faults;
};

function mapKeyFaults({ items }: JsonSchema, keys: readonly string[], path: string): FieldError[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) return [required(at, "must not be empty if x-kubernetes-list-type is map")];
  if (items?.type !== "object") {
    return [
      invalidValue(
        `${path}.items.type`,
        items?.type ?? "",
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    ];
  }
  return keys.flatMap((key, i): FieldError[] => {
    const property = items.properties?.[key];
    if (!property) return [invalidValue(`${at}[${i}]`, key, "entries must all be names of item properties")];
    const given = property.default !== undefined || items.required?.includes(key);
    if (given) return [];
    return [
      required(
        `${path}.items.properties[${key}].default`,
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
      ),
    ];
  });
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
  if (schema.default === undefined) return [];
  const at = `${path}.default`;
  if (root) return [forbidden(at, "must not be set at the root")];
  const pruned = structuredClone(schema.default);
  if (typeof pruned === "object" && pruned !== null) pruneUnknown(typeOfSchema(schema), pruned);
  if (!sameJson(pruned, schema.default)) return [invalidValue(at, schema.default, "must not have unspecified fields")];
  const bare = { ...schema, default: undefined, "x-kubernetes-validations": undefined };
  try {
    return valueFaults(bare, schema.default, at);
  } catch (error) {
    // A pattern that is none: told at the pattern itself.
    if (error instanceof EvaluationError) return [];
    throw error;
  }
};

const rules: readonly Rule[] = [typed, unsupported, arrays, embedded, rootMetadata, listTypes, patterns, defaults];

const emptyInJunctors = ["type", "default", "nullable", "additionalProperties", "description", "title"] as const;
const extensionsInJunctors = [
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-map-type",
] as const;

function junctorFaults(schema: JsonSchema, path: string): FieldError[] {
  return [
    ...(["allOf", "anyOf", "oneOf"] as const).flatMap((name) =>
      (schema[name] ?? []).flatMap((inner, i) => faultsInJunctor(inner, schema, `${path}.${name}[${i}]`))
    ),
    ...schema.not ? faultsInJunctor(schema.not, schema, `${path}.not`) : [],
  ];
}

/** Below a junctor stand only conditions on values whose structure is told outside of it. */
function faultsInJunctor(inner: JsonSchema, outer: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  const empty = "must be empty to be structural";
  for (const keyword of emptyInJunctors) {
    const allowed = keyword === "type" && outer["x-kubernetes-int-or-string"];
    if (inner[keyword] !== undefined && inner[keyword] !== false && !allowed) {
      faults.push(forbidden(`${path}.${keyword}`, empty));
    }
  }
  for (const keyword of extensionsInJunctors) {
    if (inner[keyword]) faults.push(forbidden(`${path}.${keyword}`, "must be false to be structural"));
  }
  for (const [name, property] of Object.entries(inner.properties ?? {})) {
    const at = `${path}.properties[${name}]`;
    const known = outer.properties?.[name];
    if (!known) faults.push(required(outerPath(path, name), `because it is defined in ${at}`));
    else faults.push(...faultsInJunctor(property, known, at));
  }
  if (inner.items) faults.push(...faultsInJunctor(inner.items, outer.items ?? {}, `${path}.items`));
  return [...faults, ...junctorFaults({ ...inner, properties: outer.properties, items: outer.items }, path)];
}

function outerPath(path: string, name: string): string {
  return `${path.replace(/\.(?:(?:allOf|anyOf|oneOf)\[\d+\]|not)(?:\.|$).*$/, "")}.properties[${name}]`;
}
