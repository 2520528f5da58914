/** The rows that a CustomResourceDefinition stands for: one for each version that it serves. */
import {
  apiVersionOf,
  applyDefaults,
  type KubeObject,
  type PrinterColumn,
  type Resource,
  StatusError,
  type StructNode,
  type Subresource,
  type TypeNode,
} from "../../schema/mod.ts";
import { copyJson, sameJson } from "../objects/json_value.ts";
import type { ClientConfig } from "../admission/webhooks/webhook.ts";
import { setScalePaths } from "../subresources/scale_paths.ts";
import type { JsonSchema } from "./json_schema.ts";
import { structuralType } from "./structural_type.ts";
import { customValidation, type Validation } from "./validation.ts";

export interface DefinitionVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema };
  readonly subresources?: {
    readonly status?: object;
    readonly scale?: {
      readonly specReplicasPath: string;
      readonly statusReplicasPath: string;
      readonly labelSelectorPath?: string;
    };
  };
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly additionalPrinterColumns?:
    readonly (Partial<PrinterColumn> & { name: string; type: string; jsonPath: string })[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
}

export interface DefinitionNames {
  readonly plural: string;
  readonly singular?: string;
  readonly kind: string;
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

/** `spec` of apiextensions.k8s.io/v1 CustomResourceDefinition. */
export interface DefinitionSpec {
  readonly group: string;
  readonly scope: string;
  readonly names: DefinitionNames;
  readonly versions: readonly DefinitionVersion[];
  readonly preserveUnknownFields?: boolean;
  readonly conversion?: {
    readonly strategy: string;
    readonly webhook?: {
      readonly clientConfig?: ClientConfig;
      readonly conversionReviewVersions?: readonly string[];
    };
  };
}

function deprecationOf({ group, names }: DefinitionSpec, version: DefinitionVersion): string | undefined {
  if (!version.deprecated) return undefined;
  return version.deprecationWarning ?? `${group}/${version.name} ${names.kind} is deprecated`;
}

/** In the order in which upstream tells them of custom resources. */
const verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"] as const;
const partVerbs = ["get", "patch", "update"] as const;

export interface RowParts {
  /** The type that every object's metadata has. */
  readonly metadata: TypeNode;
  readonly convert?: Resource["convert"];
  /** Whether its objects are being removed: no new ones then. */
  readonly ending: () => boolean;
}

export function rowsOf(spec: DefinitionSpec, parts: RowParts): Resource[] {
  return spec.versions.filter(({ served }) => served).map((version) => rowOf(spec, version, parts));
}

function rowOf(spec: DefinitionSpec, version: DefinitionVersion, { metadata, convert, ending }: RowParts): Resource {
  const { group, names } = spec;
  const storage = spec.versions.find(({ storage }) => storage) ?? version;
  const schema = version.schema?.openAPIV3Schema;
  let type: StructNode | undefined;
  const row: Resource = {
    group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    namespaced: spec.scope === "Namespaced",
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs,
    subresources: subresourcesOf(spec, version),
    // Made when the kind is first used: most kinds that big operators bring never are.
    get type() {
      return type ??= structuralType(spec.preserveUnknownFields ? undefined : schema, metadata);
    },
    hasStatus: version.subresources?.status !== undefined,
    storagePrefix: `/registry/${group}/${names.plural}`,
    storageVersion: apiVersionOf({ group, version: storage.name }),
    selectableFields: new Map(
      (version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.slice(1), steps(jsonPath)]),
    ),
    deprecation: deprecationOf(spec, version),
    printerColumns: version.additionalPrinterColumns?.map(columnOf),
    openApi: schema as unknown as Resource["openApi"],
    convert,
    validate: notWhile(ending, schema && customValidation(schema)),
    complete: schema && hasDefaults(schema) ? (stored) => withDefaults(row, stored) : undefined,
  };
  rememberScale(row, version);
  return row;
}

/** Throws MethodNotAllowed for what is made while the definition ends. */
function notWhile(ending: () => boolean, validation: Validation = () => []): Validation {
  return (object, old) => {
    if (old || !ending()) return validation(object, old);
    const why = "create not allowed while custom resource definition is terminating";
    throw new StatusError("MethodNotAllowed", why);
  };
}

function hasDefaults({ default: value, properties = {}, items, additionalProperties: more }: JsonSchema): boolean {
  if (value !== undefined || Object.values(properties).some(hasDefaults)) return true;
  return items !== undefined && hasDefaults(items) || typeof more === "object" && hasDefaults(more);
}

function withDefaults(row: Resource, stored: KubeObject): KubeObject {
  const object = copyJson(stored) as KubeObject;
  applyDefaults(row, object);
  return sameJson(object, stored) ? stored : object;
}

function subresourcesOf({ group, names }: DefinitionSpec, { name, subresources }: DefinitionVersion): Subresource[] {
  const found: Subresource[] = [];
  if (subresources?.status) found.push({ name: "status", verbs: partVerbs, group, version: name, kind: names.kind });
  if (subresources?.scale) {
    found.push({ name: "scale", verbs: partVerbs, group: "autoscaling", version: "v1", kind: "Scale" });
  }
  return found;
}

function columnOf(column: NonNullable<DefinitionVersion["additionalPrinterColumns"]>[number]): PrinterColumn {
  return { format: "", description: "", priority: 0, ...column };
}

function rememberScale(row: Resource, { subresources }: DefinitionVersion): void {
  const scale = subresources?.scale;
  if (!scale) return;
  setScalePaths(row, {
    replicas: steps(scale.specReplicasPath),
    status: steps(scale.statusReplicasPath),
    selector: scale.labelSelectorPath ? steps(scale.labelSelectorPath) : undefined,
  });
}

/** `.spec.replicas` and `.spec['a.b']` without brackets to look into lists. */
function steps(jsonPath: string): string[] {
  return [...jsonPath.matchAll(/\.([^.[\]]+)|\['([^']+)'\]/g)].map(([, dotted, quoted]) => (dotted ?? quoted)!);
}
