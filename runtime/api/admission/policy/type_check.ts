/**
 * What a ValidatingAdmissionPolicy's expressions get wrong about the kinds that it names, for its author: told in its
 * status, never enforced. Source: KEP-3488, "Type checking".
 */
import { declaredType } from "../../../cel/mod.ts";
import { apiVersionOf, type Resource } from "../../../schema/mod.ts";
import type { ResourceRegistry } from "../../resource_registry.ts";
import { compilePolicy } from "./compiled.ts";
import type { MatchResources, PolicySpec } from "./declared.ts";

export interface ExpressionWarning {
  readonly fieldRef: string;
  readonly warning: string;
}

/** As upstream: a policy that names more is checked against the first of them. */
const mostTypes = 10;

export function expressionWarnings(spec: PolicySpec, registry: ResourceRegistry): ExpressionWarning[] {
  const rows = namedRows(spec.matchConstraints ?? {}, registry).slice(0, mostTypes);
  const byField = new Map<string, string[]>();
  for (const row of rows) {
    const head = `${apiVersionOf(row)}, Kind=${row.kind}`;
    for (const { field, error } of compilePolicy(spec, declaredType(row.type)).troubles) {
      byField.set(field, [...byField.get(field) ?? [], `${head}: ${error.message}\n`]);
    }
  }
  return [...byField].map(([fieldRef, warnings]) => ({ fieldRef, warning: warnings.join("\n") }));
}

/** Rules with wildcards name nothing. */
function namedRows({ resourceRules = [] }: MatchResources, registry: ResourceRegistry): Resource[] {
  const found = resourceRules.flatMap(({ apiGroups = [], apiVersions = [], resources = [] }) =>
    apiGroups.flatMap((group) =>
      apiVersions.flatMap((version) => resources.map((plural) => registry.find(group, version, plural)))
    )
  );
  return [...new Set(found.filter((row) => row !== undefined))];
}
