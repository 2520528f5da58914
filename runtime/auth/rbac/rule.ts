/**
 * One rule of a role, and whether it allows what is asked.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources
 */
import type { Attributes } from "../user.ts";

/** rbac.authorization.k8s.io/v1 PolicyRule */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  /** `pods`, `pods/log`, `*`, and a star for the resource before `/scale`. */
  readonly resources?: readonly string[];
  /** Empty or absent: every name, and requests without one. */
  readonly resourceNames?: readonly string[];
  /** `/healthz`, `/apis/*`, `*`; the star stands at the end only. */
  readonly nonResourceURLs?: readonly string[];
}

/** What of a request a rule looks at. */
export type RuleQuestion = Pick<Attributes, "verb" | "path" | "resource">;

export function ruleAllows(rule: PolicyRule, { verb, path, resource }: RuleQuestion): boolean {
  if (!hasOrAll(rule.verbs, verb)) return false;
  if (!resource) return (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, path));
  const { group, plural, subresource, name } = resource;
  return hasOrAll(rule.apiGroups, group) && resourceMatches(rule.resources, plural, subresource) &&
    nameMatches(rule.resourceNames, name);
}

export function hasOrAll(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes("*"));
}

function resourceMatches(list: readonly string[] | undefined, plural: string, subresource: string | undefined) {
  if (!list) return false;
  if (!subresource) return list.includes(plural) || list.includes("*");
  return list.includes(`${plural}/${subresource}`) || list.includes("*") || list.includes(`*/${subresource}`);
}

function nameMatches(list: readonly string[] | undefined, name = ""): boolean {
  return !list?.length || list.includes(name);
}

export function pathMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  return pattern.endsWith("*") && path.startsWith(pattern.replace(/\*+$/, ""));
}
