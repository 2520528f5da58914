/** Whether a rule of a webhook means a request. Pure. */

/** admissionregistration.k8s.io/v1 RuleWithOperations. */
export interface Rule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  /** A resource, a resource and a subresource after a slash, or `*` for either. */
  readonly resources?: readonly string[];
  readonly scope?: string;
}

export interface Asked {
  readonly operation: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  /** What is asked for is in a namespace (a Namespace itself is not). */
  readonly namespaced: boolean;
}

export function ruleMeans(rule: Rule, asked: Asked): boolean {
  return names(rule.operations, asked.operation) && names(rule.apiGroups, asked.group) &&
    names(rule.apiVersions, asked.version) && inScope(rule.scope, asked.namespaced) &&
    (rule.resources ?? []).some((pattern) => meansResource(pattern, asked));
}

function names(list: readonly string[] = [], value: string): boolean {
  return list.includes("*") || list.includes(value);
}

function inScope(scope: string | undefined, namespaced: boolean): boolean {
  if (scope === "Namespaced") return namespaced;
  return scope === "Cluster" ? !namespaced : true;
}

function meansResource(pattern: string, { plural, subresource }: Asked): boolean {
  const [resource, part = ""] = pattern.split("/");
  return (resource === "*" || resource === plural) && (part === "*" || part === subresource);
}
