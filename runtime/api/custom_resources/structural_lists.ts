/** What `x-kubernetes-list-type` and `x-kubernetes-map-type` ask of the schema that they stand in. Source: KEP-555. */
import { type FieldError, forbidden, invalidValue, notSupported, required } from "../../schema/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Rule } from "./structural_check.ts";

const knownListTypes = ["atomic", "set", "map"];
const knownMapTypes = ["atomic", "granular"];

export const listTypes: Rule = (schema, { path }) => {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  const faults: FieldError[] = [];
  if (listType && schema.type !== "array") {
    const why = "must be array if x-kubernetes-list-type is specified";
    faults.push(invalidValue(`${path}.type`, schema.type ?? "", why));
  }
  if (listType !== undefined && !knownListTypes.includes(listType)) {
    faults.push(notSupported(at, listType, knownListTypes));
  }
  if (listType !== "map" && keys.length > 0) {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    faults.push(listType ? invalidValue(at, listType, why) : required(at, why));
  }
  if (listType === "set") return [...faults, ...setFaults(schema, `${path}.items`)];
  return listType === "map" ? [...faults, ...mapFaults(schema, keys, path)] : faults;
};

export const mapTypes: Rule = (schema, { path }) => {
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return [];
  const faults: FieldError[] = [];
  if (!knownMapTypes.includes(mapType)) {
    faults.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, knownMapTypes));
  }
  if (schema.type === "object") return faults;
  const why = "must be object if x-kubernetes-map-type is specified";
  return [...faults, invalidValue(`${path}.type`, schema.type ?? "", why)];
};

function setFaults({ items }: JsonSchema, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (items?.nullable) {
    faults.push(forbidden(`${path}.nullable`, "cannot be nullable when x-kubernetes-list-type is set"));
  }
  const mapType = items?.["x-kubernetes-map-type"];
  if (items?.type === "object" && mapType !== "atomic") {
    const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
    faults.push(invalidValue(`${path}.x-kubernetes-map-type`, mapType, why));
  }
  return faults;
}

function mapFaults({ items }: JsonSchema, keys: readonly string[], path: string): FieldError[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) return [required(at, "must not be empty if x-kubernetes-list-type is map")];
  if (!items) return [required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map")];
  const faults: FieldError[] = [];
  if (items.nullable) {
    faults.push(forbidden(`${path}.items.nullable`, "cannot be nullable when x-kubernetes-list-type is map"));
  }
  if (items.type !== "object") {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    return [...faults, invalidValue(`${path}.items.type`, items.type ?? "", why)];
  }
  if (new Set(keys).size < keys.length) faults.push(invalidValue(at, keys, "must not contain duplicate entries"));
  const known = keys.filter((key) => items.properties?.[key]);
  if (known.length < keys.length) {
    faults.push(invalidValue(at, keys, "entries must all be names of item properties"));
  }
  return [...faults, ...known.flatMap((key) => keyFaults(items, key, `${path}.items.properties[${key}]`))];
}

function keyFaults({ properties, required: needed }: JsonSchema, key: string, path: string): FieldError[] {
  const property = properties?.[key] ?? {};
  const faults: FieldError[] = [];
  if (property.type === "object" || property.type === "array") {
    const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    faults.push(invalidValue(`${path}.type`, property.type, why));
  }
  const listed = "this property is in x-kubernetes-list-map-keys, so it";
  if (property.default === undefined && !needed?.includes(key)) {
    faults.push(required(`${path}.default`, `${listed} must have a default or be a required property`));
  }
  if (property.nullable) faults.push(forbidden(`${path}.nullable`, `${listed} cannot be nullable`));
  return faults;
}
