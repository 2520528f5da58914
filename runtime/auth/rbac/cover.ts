/**
 * What somebody would grant and does not hold himself. Rules are taken apart into single permissions; each must lie within
 * one rule that is held.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
import { hasOrAll, pathMatches, type PolicyRule } from "./rule.ts";

/** The permissions of `wanted` that `held` does not cover, merged by verb and sorted; empty: all are covered. */
export function uncovered(held: readonly PolicyRule[], wanted: Iterable<PolicyRule>): PolicyRule[] {
  const missing = new Map<string, PolicyRule>();
  for (const rule of wanted) {
    for (const single of apart(rule)) {
      if (held.some((own) => covers(own, single))) continue;
      const key = JSON.stringify({ ...single, verbs: [] });
      const verbs = [...missing.get(key)?.verbs ?? [], ...single.verbs];
      missing.set(key, { ...single, verbs: [...new Set(verbs)] });
    }
  }
  return [...missing.values()];
}

function* apart(rule: PolicyRule): Iterable<PolicyRule> {
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs ?? []) yield { nonResourceURLs: [url], verbs: [verb] };
    for (const group of rule.apiGroups ?? []) {
      for (const resource of rule.resources ?? []) {
        const single = { apiGroups: [group], resources: [resource], verbs: [verb] };
        if (!rule.resourceNames?.length) yield single;
        for (const name of rule.resourceNames ?? []) yield { ...single, resourceNames: [name] };
      }
    }
  }
}

function covers(held: PolicyRule, { verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule) {
  if (!hasOrAll(held.verbs, verbs[0]!)) return false;
  if (nonResourceURLs) return (held.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, nonResourceURLs[0]!));
  return hasOrAll(held.apiGroups, apiGroups![0]!) && coversResource(held.resources, resources![0]!) &&
    coversName(held.resourceNames, resourceNames?.[0]);
}

function coversResource(held: readonly string[] = [], wanted: string): boolean {
  if (hasOrAll(held, wanted)) return true;
  const slash = wanted.indexOf("/");
  return slash >= 0 && held.includes(`*${wanted.slice(slash)}`);
}

function coversName(held: readonly string[] | undefined, wanted: string | undefined): boolean {
  return !held?.length || wanted !== undefined && held.includes(wanted);
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`: how refusals show a rule. */
export function describeRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["ResourceNames", rule.resourceNames],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["Verbs", rule.verbs],
  ];
  const shown = parts.filter(([, list]) => list?.length).map(([name, list]) => `${name}:${quotedList(list!)}`);
  return `{${shown.join(", ")}}`;
}

/** `["a" "b"]` */
export function quotedList(list: readonly string[]): string {
  return `[${list.map((text) => JSON.stringify(text)).join(" ")}]`;
}
