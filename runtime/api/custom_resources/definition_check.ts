/**
 * What a CustomResourceDefinition must be beyond its names: structural schemas, rules that compile, paths of subresources,
 * columns and selectable fields, a conversion that can be asked. What was accepted before stays accepted.
 */
import { type FieldError, invalidValue, type KubeObject, type Resource, sameJson } from "../../schema/mod.ts";
import { approvalFaults } from "./approval.ts";
import { conversionFaults } from "./conversion_check.ts";
import type { JsonSchema } from "./json_schema.ts";
import { ruleFaults } from "./rule_check.ts";
import type { DefinitionSpec, DefinitionVersion } from "./rows.ts";
import { costFaults } from "./rule_cost.ts";
import { columnFaults, scaleFaults, selectableFaults } from "./part_check.ts";
import { structuralFaults } from "./structural_check.ts";

/** The same rows, of which the definitions' own has these rules. */
export function withDefinitionRules(rows: readonly Resource[]): readonly Resource[] {
  return rows.map((row) => row.plural === "customresourcedefinitions" ? { ...row, validate: definitionFaults } : row);
}

interface Definition extends KubeObject {
  readonly spec?: DefinitionSpec;
  readonly status?: { readonly storedVersions?: readonly string[] };
}

export function definitionFaults(object: KubeObject, old?: KubeObject): FieldError[] {
  const { spec, status } = object as Definition;
  const before = (old as Definition | undefined)?.spec;
  if (!spec || before && sameJson(spec, before)) return storedVersionFaults(spec, status);
  return [
    ...partFaults(spec, before),
    ...before ? [] : approvalFaults(spec.group, object.metadata?.annotations),
    ...conversionFaults(spec),
    ...preservationFaults(spec, before),
    ...before ? storedVersionFaults(spec, status) : firstVersionFaults(spec),
  ];
}

type Part = "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields";

interface PartRule {
  readonly part: Part;
  /** What upstream calls the part where all versions share it. */
  readonly shared: string;
  readonly faults: (version: DefinitionVersion, path: string, old: DefinitionVersion | undefined) => FieldError[];
}

const parts: readonly PartRule[] = [
  { part: "schema", shared: "spec.validation", faults: changedSchemaFaults },
  { part: "subresources", shared: "spec.subresources", faults: scaleFaults },
  { part: "additionalPrinterColumns", shared: "spec.additionalPrinterColumns", faults: columnFaults },
  { part: "selectableFields", shared: "spec.selectableFields", faults: selectableFaults },
];

/** What all versions share is looked at once, and called as if it stood beside them: upstream's own form has it there. */
function partFaults({ versions = [] }: DefinitionSpec, before: DefinitionSpec | undefined): FieldError[] {
  const sharing = (part: Part) => versions.every((version) => sameJson(version[part], versions[0]?.[part]));
  const own = parts.filter(({ part }) => !sharing(part));
  const oldOf = (version: DefinitionVersion) => before?.versions.find(({ name }) => name === version.name);
  return [
    ...versions.flatMap((version, i) =>
      own.flatMap(({ part, faults }) => faults(version, `spec.versions[${i}].${part}`, oldOf(version)))
    ),
    ...versions.slice(0, 1).flatMap((version) =>
      parts.filter(({ part }) => sharing(part)).flatMap(({ faults, shared }) => faults(version, shared, oldOf(version)))
    ),
  ];
}

function changedSchemaFaults(
  { schema }: DefinitionVersion,
  path: string,
  old: DefinitionVersion | undefined,
): FieldError[] {
  const now = schema?.openAPIV3Schema;
  const known = old?.schema?.openAPIV3Schema;
  return !now || known && sameJson(now, known) ? [] : schemaFaults(now, `${path}.openAPIV3Schema`, known);
}

function schemaFaults(schema: JsonSchema, path: string, known: JsonSchema | undefined): FieldError[] {
  const checks = [structuralFaults, ruleFaults, costFaults];
  // Rules are typed by the schema, so that it must be sound first; only what compiles has a cost.
  for (const check of checks) {
    const faults = check(schema, path);
    if (faults.length === 0) continue;
    const wasDear = check === costFaults && known && isSound(known, path) && costFaults(known, path).length > 0;
    return wasDear ? [] : faults;
  }
  return [];
}

function isSound(schema: JsonSchema, path: string): boolean {
  return structuralFaults(schema, path).length === 0 && ruleFaults(schema, path).length === 0;
}

function preservationFaults(
  { preserveUnknownFields }: DefinitionSpec,
  before: DefinitionSpec | undefined,
): FieldError[] {
  if (!preserveUnknownFields || before?.preserveUnknownFields) return [];
  const why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalidValue("spec.preserveUnknownFields", true, why)];
}

/** The one that is stored now will have been stored. */
function firstVersionFaults({ versions = [] }: DefinitionSpec): FieldError[] {
  const stored = versions.filter(({ storage }) => storage).map(({ name }) => name);
  const at = "status.storedVersions";
  if (stored.length === 0) return [invalidValue(at, null, "must have at least one stored version")];
  const last = stored.at(-1)!;
  return stored.length === 1 ? [] : [invalidValue(at, stored.slice(0, 1), `must have the storage version ${last}`)];
}

function storedVersionFaults(spec: DefinitionSpec | undefined, status: Definition["status"]): FieldError[] {
  return (status?.storedVersions ?? []).flatMap((name, i) => {
    if (spec?.versions.some((version) => version.name === name)) return [];
    const why =
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions ` +
      `until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    return [invalidValue(`status.storedVersions[${i}]`, name, why)];
  });
}
