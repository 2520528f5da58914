/**
 * What a CustomResourceDefinition must be beyond its names: structural schemas, rules that compile, paths of subresources,
 * columns and selectable fields, a conversion that can be asked. What was accepted before stays accepted.
 */
import {
  type FieldError,
  invalidValue,
  type KubeObject,
  notSupported,
  required,
  type Resource,
  sameJson,
} from "../../schema/mod.ts";
import { approvalFaults } from "./approval.ts";
import type { JsonSchema } from "./json_schema.ts";
import { ruleFaults } from "./rule_check.ts";
import type { DefinitionSpec, DefinitionVersion } from "./rows.ts";
import { costFaults } from "./rule_cost.ts";
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
    ...(spec.versions ?? []).flatMap((version, i) => versionFaults(version, before, `spec.versions[${i}]`)),
    ...before ? [] : approvalFaults(spec.group, object.metadata?.annotations),
    ...conversionFaults(spec),
    ...preservationFaults(spec, before),
    ...storedVersionFaults(spec, status),
  ];
}

function versionFaults(version: DefinitionVersion, before: DefinitionSpec | undefined, path: string): FieldError[] {
  const old = before?.versions.find(({ name }) => name === version.name);
  const schema = version.schema?.openAPIV3Schema;
  const known = old?.schema?.openAPIV3Schema;
  return [
    ...(schema && !(known && sameJson(schema, known))
      ? schemaFaults(schema, `${path}.schema.openAPIV3Schema`, known)
      : []),
    ...scaleFaults(version, path),
    ...columnFaults(version, path),
    ...selectableFaults(version, path),
  ];
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

function scaleFaults({ subresources }: DefinitionVersion, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  const faults: FieldError[] = [];
  const check = (name: "specReplicasPath" | "statusReplicasPath" | "labelSelectorPath", ...heads: string[]) => {
    const at = `${path}.subresources.scale.${name}`;
    const value = scale[name];
    if (!value) return void (name === "labelSelectorPath" || faults.push(required(at)));
    if (value.includes("[")) faults.push(invalidValue(at, value, "should be a json path without array notation"));
    else if (!heads.some((head) => value.startsWith(head))) {
      faults.push(
        invalidValue(at, value, `should be a json path under ${heads.map((head) => head.slice(0, -1)).join(" or ")}`),
      );
    }
  };
  check("specReplicasPath", ".spec.");
  check("statusReplicasPath", ".status.");
  check("labelSelectorPath", ".spec.", ".status.");
  return faults;
}

const columnTypes = ["integer", "number", "string", "boolean", "date"];

function columnFaults({ additionalPrinterColumns = [] }: DefinitionVersion, path: string): FieldError[] {
  return additionalPrinterColumns.flatMap(({ name, type, jsonPath }, i) => {
    const at = `${path}.additionalPrinterColumns[${i}]`;
    return [
      ...name ? [] : [required(`${at}.name`)],
      ...!type || columnTypes.includes(type) ? [] : [notSupported(`${at}.type`, type, columnTypes)],
      ...type ? [] : [required(`${at}.type`, "must be one of integer,number,string,boolean,date")],
      ...jsonPath ? [] : [required(`${at}.jsonPath`)],
    ];
  });
}

const mostSelectable = 8;

function selectableFaults({ selectableFields = [], schema }: DefinitionVersion, path: string): FieldError[] {
  const at = `${path}.selectableFields`;
  const faults: FieldError[] = selectableFields.length > mostSelectable
    ? [{
      reason: "FieldValueTooMany",
      field: at,
      message: `Too many: ${selectableFields.length}: must have at most ${mostSelectable} items`,
    }]
    : [];
  selectableFields.forEach(({ jsonPath }, i) => {
    if (!scalarAt(schema?.openAPIV3Schema, jsonPath)) {
      faults.push(
        invalidValue(`${at}[${i}].jsonPath`, jsonPath, "must point to a field of type string, boolean or integer"),
      );
    }
    if (selectableFields.findIndex((one) => one.jsonPath === jsonPath) < i) {
      faults.push({
        reason: "FieldValueDuplicate",
        field: `${at}[${i}].jsonPath`,
        message: `Duplicate value: ${JSON.stringify(jsonPath)}`,
      });
    }
  });
  return faults;
}

function scalarAt(schema: JsonSchema | undefined, jsonPath: string): boolean {
  if (!/^(\.[A-Za-z_][\w-]*)+$/.test(jsonPath) || jsonPath.startsWith(".metadata")) return false;
  const found = jsonPath.slice(1).split(".").reduce((at, step) => at?.properties?.[step], schema);
  return ["string", "boolean", "integer"].includes(found?.type ?? "");
}

function conversionFaults({ conversion }: DefinitionSpec): FieldError[] {
  if (!conversion) return [];
  const { strategy, webhook } = conversion;
  const at = "spec.conversion";
  if (strategy === "None") {
    return webhook
      ? [{
        reason: "FieldValueForbidden",
        field: `${at}.webhook`,
        message: 'Forbidden: should not be set when strategy is not set to "Webhook"',
      }]
      : [];
  }
  if (strategy !== "Webhook") return [notSupported(`${at}.strategy`, strategy, ["None", "Webhook"])];
  if (!webhook?.clientConfig) {
    return [required(`${at}.webhook.clientConfig`, "required when strategy is set to Webhook")];
  }
  const { url, service } = webhook.clientConfig;
  const faults = Boolean(url) === Boolean(service)
    ? [required(`${at}.webhook.clientConfig`, "exactly one of url or service is required")]
    : [];
  const versions = webhook.conversionReviewVersions ?? [];
  if (versions.length === 0) faults.push(required(`${at}.webhook.conversionReviewVersions`));
  else if (!versions.includes("v1") && !versions.includes("v1beta1")) {
    const why = "must include at least one of v1, v1beta1";
    faults.push(invalidValue(`${at}.webhook.conversionReviewVersions`, versions, why));
  }
  return faults;
}

function preservationFaults(
  { preserveUnknownFields }: DefinitionSpec,
  before: DefinitionSpec | undefined,
): FieldError[] {
  if (!preserveUnknownFields || before?.preserveUnknownFields) return [];
  const why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalidValue("spec.preserveUnknownFields", true, why)];
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
