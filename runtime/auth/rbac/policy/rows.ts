/** The short forms in which the default policy is written down: words apart by spaces; `core` is the group without a name. */
import type { Binding, LabelSelector, RbacSubject, Role } from "../roles.ts";
import { rbacGroup } from "../roles.ts";
import { autoUpdate } from "../reconcile_policy.ts";
import type { PolicyRule } from "../rule.ts";

export const read = "get list watch";
export const write = "create delete deletecollection patch update";
const bootstrapping = { "kubernetes.io/bootstrapping": "rbac-defaults" };

/** In upstream's order. */
const words = (text: string) => text.split(" ").filter(Boolean).sort();

/** A rule about resources. */
export function on(groups: string, resources: string, verbs: string, names = ""): PolicyRule {
  return {
    verbs: words(verbs),
    apiGroups: words(groups).map((group) => group === "core" ? "" : group).sort(),
    resources: words(resources),
    ...(names && { resourceNames: words(names) }),
  };
}

export const urls = (paths: string): PolicyRule => ({ verbs: ["get"], nonResourceURLs: words(paths) });

/** Both groups that Events are written in. */
export const events: PolicyRule = on("core events.k8s.io", "events", "create patch update");

export const group = (name: string): RbacSubject => ({ kind: "Group", apiGroup: rbacGroup, name });
export const user = (name: string): RbacSubject => ({ kind: "User", apiGroup: rbacGroup, name });
export const account = (name: string): RbacSubject => ({ kind: "ServiceAccount", name, namespace: "kube-system" });

function metadata(name: string, namespace?: string, labels?: Readonly<Record<string, string>>) {
  return {
    name,
    ...(namespace && { namespace }),
    labels: { ...bootstrapping, ...labels },
    annotations: { [autoUpdate]: "true" },
  };
}

const apiVersion = `${rbacGroup}/v1`;

export function clusterRole(
  name: string,
  rules: readonly PolicyRule[],
  options: { labels?: Readonly<Record<string, string>>; selectors?: readonly LabelSelector[] } = {},
) {
  const { labels, selectors } = options;
  return {
    apiVersion,
    kind: "ClusterRole",
    metadata: metadata(name, undefined, labels),
    rules,
    ...(selectors && { aggregationRule: { clusterRoleSelectors: selectors } }),
  } satisfies Role & { kind: string; apiVersion: string };
}

export function clusterBinding(name: string, subjects: readonly RbacSubject[], roleName = name) {
  const roleRef = { apiGroup: rbacGroup, kind: "ClusterRole", name: roleName };
  return { apiVersion, kind: "ClusterRoleBinding", metadata: metadata(name), roleRef, subjects } satisfies
    & Binding
    & { kind: string; apiVersion: string };
}

export function namespacedRole(namespace: string, name: string, rules: readonly PolicyRule[]) {
  return { apiVersion, kind: "Role", metadata: metadata(name, namespace), rules };
}

export function namespacedBinding(namespace: string, name: string, subjects: readonly RbacSubject[], roleName = name) {
  const roleRef = { apiGroup: rbacGroup, kind: "Role", name: roleName };
  return { apiVersion, kind: "RoleBinding", metadata: metadata(name, namespace), roleRef, subjects };
}
