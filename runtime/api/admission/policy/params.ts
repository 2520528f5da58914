/** The objects that a binding hands to its policy's expressions as `params`. */
import type { KubeObject } from "../../../schema/mod.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import type { AdmissionRequest, ClusterView } from "../admission.ts";
import type { BindingSpec, PolicySpec } from "./declared.ts";
import { selectorOf } from "./matching.ts";

/** A policy cannot be asked because of how it or its binding is configured. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";

  constructor(why: string) {
    super(`failed to configure binding: ${why}`);
  }
}

/** One evaluation each; `[undefined]`: without params. Throws ConfigurationError. */
export function paramsOf(
  { paramKind }: PolicySpec,
  { paramRef }: BindingSpec,
  { namespace, resource }: AdmissionRequest,
  view: ClusterView,
  registry: ResourceRegistry,
): readonly (KubeObject | undefined)[] {
  if (!paramKind || !paramRef) return [undefined];
  const row = registry.byKind(paramKind.apiVersion, paramKind.kind);
  if (!row) {
    const { apiVersion, kind } = paramKind;
    throw new ConfigurationError(
      `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    );
  }
  const place = row.namespaced ? paramRef.namespace || namespace : "";
  if (row.namespaced && !place && !resource.namespaced) {
    throw new ConfigurationError(
      "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
    );
  }
  const found = paramRef.name
    ? [view.get(row.group, row.plural, place, paramRef.name)].filter((one) => one !== undefined)
    : view.list(row.group, row.plural, place).filter(({ metadata }) => selectorOf(paramRef.selector)(metadata.labels));
  if (found.length > 0) return found as readonly KubeObject[];
  if (paramRef.parameterNotFoundAction === "Deny") {
    throw new ConfigurationError("no params found for policy binding with `Deny` parameterNotFoundAction");
  }
  return [];
}
