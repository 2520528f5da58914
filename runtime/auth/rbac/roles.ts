/** The four kinds of RBAC, as far as decisions look into them, and who their subjects are. */
import type { ObjectMeta } from "../../schema/mod.ts";
import type { User } from "../user.ts";
import type { PolicyRule } from "./rule.ts";

export const rbacGroup = "rbac.authorization.k8s.io";

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Role or ClusterRole; the first has a namespace. */
export interface Role {
  readonly metadata?: ObjectMeta;
  readonly rules?: readonly PolicyRule[];
  /** ClusterRoles only: `rules` are then the union of those that the selectors find. */
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
}

export interface RbacSubject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

export interface RoleRef {
  readonly kind: string;
  readonly name: string;
  readonly apiGroup?: string;
}

/** RoleBinding or ClusterRoleBinding; the first has a namespace. */
export interface Binding {
  readonly metadata?: ObjectMeta;
  readonly subjects?: readonly RbacSubject[];
  readonly roleRef: RoleRef;
}

/** One text for each subject, so that the subjects of a request are found by look-up. */
export function subjectKey({ kind, name, namespace = "" }: RbacSubject): string | undefined {
  if (kind === "User") return `u:${name}`;
  if (kind === "Group") return `g:${name}`;
  return kind === "ServiceAccount" ? `u:system:serviceaccount:${namespace}:${name}` : undefined;
}

export function keysOfUser({ name, groups }: User): string[] {
  return [`u:${name}`, ...groups.map((group) => `g:${group}`)];
}

/** A ServiceAccount of a RoleBinding without a namespace is of the binding's own. */
export function inNamespaceOf({ metadata }: Binding, subject: RbacSubject): RbacSubject {
  if (subject.kind !== "ServiceAccount" || subject.namespace || !metadata?.namespace) return subject;
  return { ...subject, namespace: metadata.namespace };
}
