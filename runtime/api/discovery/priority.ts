/**
 * In which order groups and versions are told to clients. It matters: the first version of a group is the preferred one,
 * and kubectl gives a short name to the first group that has it.
 */
import type { Resource } from "../../schema/mod.ts";

export interface GroupVersions {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly string[];
}

/** Built-in groups as kube-apiserver orders them; groups of custom resources follow by name. */
const builtinGroups = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

const rankOfGroup = new Map(builtinGroups.map((group, rank) => [group, rank]));

export function isBuiltinGroup(group: string): boolean {
  return rankOfGroup.has(group);
}

/** Every served group with its versions, in the order of discovery; the core group is first. */
export function groupVersionsOf(resources: readonly Resource[]): GroupVersions[] {
  const versions = new Map<string, Set<string>>();
  for (const { group, version } of resources) {
    const known = versions.get(group);
    if (known) known.add(version);
    else versions.set(group, new Set([version]));
  }
  return [...versions]
    .map(([group, found]) => ({ group, versions: [...found].sort(compareVersions) }))
    .sort((a, b) => compareGroups(a.group, b.group));
}

function compareGroups(a: string, b: string): number {
  const rank = (group: string) => rankOfGroup.get(group) ?? builtinGroups.length;
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/** `v2, v1, v1beta2, v1beta1, v1alpha1`, then whatever else in alphabetical order. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : Number(a > b);
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

function parseVersion(version: string) {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (!match) return undefined;
  const stability = match[2] === "alpha" ? 0 : match[2] === "beta" ? 1 : 2;
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) };
}
