/** What OpenAPI documents call a type: `io.k8s.api.core.v1.PodSpec`, `com.example.v1.Widget`. */
import { type Resource, structNamed, type StructNode } from "../../schema/mod.ts";

const META = "io.k8s.apimachinery.pkg.apis.meta";

/** Packages that aren't below `io.k8s.api`. */
const packages: Readonly<Record<string, string>> = {
  meta: META,
  apiextensions: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
  apiregistration: "io.k8s.kube-aggregator.pkg.apis.apiregistration",
};

/** `core/v1.PodSpec` to `io.k8s.api.core.v1.PodSpec` */
export function definitionName(structName: string): string {
  const [path = "", name = ""] = structName.split(".");
  const [group = "", version = ""] = path.split("/");
  return `${packages[group] ?? `io.k8s.api.${group}`}.${version}.${name}`;
}

/** Group, version and kind, as `x-kubernetes-group-version-kind` carries them. */
export interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The built-in struct of a kind. */
export function structOfKind({ group, version, kind }: Gvk): StructNode | undefined {
  return structNamed(`${group === "" ? "core" : group.split(".")[0]}/${version}.${kind}`);
}

/** Custom resources are named by their group, read backwards. */
export function kindDefinition({ group, version, kind, type }: Resource): string {
  return type.name ? definitionName(type.name) : `${group.split(".").reverse().join(".")}.${version}.${kind}`;
}

export const metaDefinition = (name: string) => `${META}.v1.${name}`;

/** Types that are no structs in the table, and how JSON carries them. */
export const wellKnown: Readonly<
  Record<string, { readonly name: string; readonly type?: string; readonly format?: string }>
> = {
  quantity: { name: "io.k8s.apimachinery.pkg.api.resource.Quantity", type: "string" },
  intOrString: { name: "io.k8s.apimachinery.pkg.util.intstr.IntOrString", type: "string", format: "int-or-string" },
  time: { name: metaDefinition("Time"), type: "string", format: "date-time" },
  microTime: { name: metaDefinition("MicroTime"), type: "string", format: "date-time" },
  duration: { name: metaDefinition("Duration"), type: "string" },
  rawExtension: { name: "io.k8s.apimachinery.pkg.runtime.RawExtension", type: "object" },
  fieldsV1: { name: metaDefinition("FieldsV1"), type: "object" },
  json: { name: `${packages.apiextensions}.v1.JSON` },
  schemaOrArray: { name: `${packages.apiextensions}.v1.JSONSchemaPropsOrArray` },
  schemaOrBool: { name: `${packages.apiextensions}.v1.JSONSchemaPropsOrBool` },
  schemaOrStrings: { name: `${packages.apiextensions}.v1.JSONSchemaPropsOrStringArray` },
};
