/** The paths that a definition's version names: those of its scale, of its printer columns, of its selectable fields. */
import { duplicate, type FieldError, invalidValue, required, tooMany } from "../../schema/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { DefinitionVersion } from "./rows.ts";

const notSimple = "must be a simple json path starting with .";

export function scaleFaults({ subresources }: DefinitionVersion, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const at = `${path}.scale`;
  return [
    ...pathFaults(scale.specReplicasPath, `${at}.specReplicasPath`, [".spec."], "under .spec", required),
    ...pathFaults(scale.statusReplicasPath, `${at}.statusReplicasPath`, [".status."], "under .status", required),
    ...pathFaults(
      scale.labelSelectorPath,
      `${at}.labelSelectorPath`,
      [".spec.", ".status."],
      "under either .spec or .status",
    ),
  ];
}

function pathFaults(
  value: string | undefined,
  at: string,
  heads: readonly string[],
  where: string,
  missing?: (at: string) => FieldError,
): FieldError[] {
  if (!value) return missing ? [missing(at)] : [];
  if (!value.startsWith(".")) return [invalidValue(at, value, notSimple)];
  return heads.some((head) => value.startsWith(head))
    ? []
    : [invalidValue(at, value, `should be a json path ${where}`)];
}

const columnTypes = ["boolean", "date", "integer", "number", "string"];
const columnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

export function columnFaults({ additionalPrinterColumns = [] }: DefinitionVersion, path: string): FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, format, jsonPath }, i) => {
    const at = `${path}[${i}]`;
    const types = `must be one of ${columnTypes.join()}`;
    const faults: FieldError[] = [];
    if (!name) faults.push(required(`${at}.name`));
    if (!type) faults.push(required(`${at}.type`, types));
    else if (!columnTypes.includes(type)) faults.push(invalidValue(`${at}.type`, type, types));
    if (format && !columnFormats.includes(format)) {
      faults.push(invalidValue(`${at}.format`, format, `must be one of ${columnFormats.join()}`));
    }
    if (!jsonPath) faults.push(required(`${at}.JSONPath`));
    else if (!jsonPath.startsWith(".")) faults.push(invalidValue(`${at}.JSONPath`, jsonPath, notSimple));
    return faults;
  });
}

const mostSelectable = 8;

export function selectableFaults({ selectableFields = [], schema }: DefinitionVersion, path: string): FieldError[] {
  const faults = selectableFields.flatMap(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) return [required(at)];
    const why = unselectable(schema?.openAPIV3Schema, jsonPath);
    const isFirst = selectableFields.findIndex((one) => one.jsonPath === jsonPath) === i;
    return [...why ? [invalidValue(at, jsonPath, why)] : [], ...isFirst ? [] : [duplicate(at, jsonPath)]];
  });
  const count = new Set(selectableFields.map(({ jsonPath }) => jsonPath)).size;
  return count > mostSelectable ? [...faults, tooMany(path, count, mostSelectable)] : faults;
}

function unselectable(schema: JsonSchema | undefined, jsonPath: string): string | undefined {
  const [, wrong] = /^([^.[]+)/.exec(jsonPath) ?? [];
  if (wrong) return `is an invalid path: expected [ or . but got: ${wrong}`;
  if (jsonPath.includes("[")) return "is an invalid path: array notation is not allowed";
  const found = jsonPath.slice(1).split(".").reduce(stepInto, schema);
  if (!found) return "is an invalid path: does not refer to a valid field";
  if (["string", "boolean", "integer"].includes(found.type ?? "")) return undefined;
  return "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
}

function stepInto(at: JsonSchema | undefined, step: string): JsonSchema | undefined {
  const more = at?.additionalProperties;
  return at?.properties?.[step] ?? (typeof more === "object" ? more : undefined);
}
