/**
 * How a default role or binding that is already there is brought up to date: what is missing is added, what an administrator added
 * stays, and one that is marked `autoupdate: "false"` is left alone.
 *
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation
 */
import { uncovered } from "./cover.ts";
import { type Binding, inNamespaceOf, type Role, subjectKey } from "./roles.ts";

export const autoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

/** The role as it should be, or `undefined` when it is already so or not to be touched. */
export function reconciledRole(wanted: Role, found: Role): Role | undefined {
  if (isProtected(found)) return undefined;
  // The rules of an aggregating role are the aggregation loop's.
  const missing = wanted.aggregationRule ? [] : uncovered(found.rules ?? [], wanted.rules ?? []);
  const selectors = missingSelectors(wanted, found);
  const metadata = reconciledMetadata(wanted, found);
  if (missing.length === 0 && selectors.length === 0 && !metadata) return undefined;
  const aggregated = [...found.aggregationRule?.clusterRoleSelectors ?? [], ...selectors];
  return {
    ...found,
    metadata: metadata ?? found.metadata,
    rules: [...found.rules ?? [], ...missing],
    ...(aggregated.length > 0 && { aggregationRule: { clusterRoleSelectors: aggregated } }),
  };
}

/** As for roles. A binding to another role must be made anew, because `roleRef` cannot change. */
export function reconciledBinding(wanted: Binding, found: Binding): Binding | "replace" | undefined {
  if (isProtected(found)) return undefined;
  if (wanted.roleRef.kind !== found.roleRef.kind || wanted.roleRef.name !== found.roleRef.name) return "replace";
  const known = new Set((found.subjects ?? []).map((subject) => subjectKey(inNamespaceOf(found, subject))));
  const missing = (wanted.subjects ?? []).filter((subject) => !known.has(subjectKey(subject)));
  const metadata = reconciledMetadata(wanted, found);
  if (missing.length === 0 && !metadata) return undefined;
  return { ...found, metadata: metadata ?? found.metadata, subjects: [...found.subjects ?? [], ...missing] };
}

function isProtected({ metadata }: Role | Binding): boolean {
  return metadata?.annotations?.[autoUpdate] === "false";
}

function reconciledMetadata(wanted: Role | Binding, found: Role | Binding) {
  const labels = { ...found.metadata?.labels, ...wanted.metadata?.labels };
  const annotations = { ...wanted.metadata?.annotations, ...found.metadata?.annotations };
  const same = sameEntries(labels, found.metadata?.labels) && sameEntries(annotations, found.metadata?.annotations);
  return same ? undefined : { ...found.metadata, labels, annotations };
}

function sameEntries(left: Record<string, string>, right: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(left).every(([key, value]) => right[key] === value);
}

function missingSelectors(wanted: Role, found: Role) {
  const known = new Set((found.aggregationRule?.clusterRoleSelectors ?? []).map((one) => JSON.stringify(one)));
  return (wanted.aggregationRule?.clusterRoleSelectors ?? []).filter((one) => !known.has(JSON.stringify(one)));
}
