/**
 * In which order objects go in, and, backwards, out. Pure.
 *
 * What others are made of first (CRDs, namespaces), then what pods refer to, then what makes pods. It only spares failed
 * tries: what does not fit yet is tried again.
 */
import type { ObjectRef } from "./manifest_file.ts";

const ranks: readonly (readonly string[])[] = [
  ["CustomResourceDefinition"],
  ["Namespace"],
  ["PriorityClass", "StorageClass", "RuntimeClass", "IngressClass", "ResourceQuota", "LimitRange"],
  ["ServiceAccount", "ClusterRole", "Role"],
  ["ClusterRoleBinding", "RoleBinding"],
  ["Secret", "ConfigMap", "PersistentVolume"],
  ["PersistentVolumeClaim", "Service", "NetworkPolicy"],
];

const rankOf = new Map(ranks.flatMap((kinds, rank) => kinds.map((kind) => [kind, rank] as const)));

/** Stable: within a rank, the order of the file stays. */
export function inOrder<T>(items: readonly T[], refOf: (item: T) => ObjectRef): T[] {
  const rank = (item: T) => rankOf.get(refOf(item).kind) ?? ranks.length;
  return [...items].sort((a, b) => rank(a) - rank(b));
}
