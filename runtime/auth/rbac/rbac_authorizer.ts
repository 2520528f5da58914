/** RBAC's answer: the first rule that was granted to the user and allows what he asks. */
import type { Authorizer } from "../user.ts";
import type { Grant, RbacIndex } from "./rbac_index.ts";
import { rbacGroup, type RbacSubject } from "./roles.ts";
import { ruleAllows } from "./rule.ts";

export function rbacAuthorizer(index: RbacIndex): Authorizer {
  return (attributes) => {
    const missing: string[] = [];
    const found = index.find(attributes.user, attributes.resource?.namespace ?? "", {
      test: ({ rules = [] }) => rules.some((rule) => ruleAllows(rule, attributes)),
      missing: (grant) => missing.push(missingRole(grant)),
    });
    if (found) return Promise.resolve({ allowed: true, reason: `RBAC: allowed by ${describe(found)}` });
    return Promise.resolve({ allowed: false, reason: missing.length > 0 ? `RBAC: ${several(missing)}` : "" });
  };
}

function missingRole({ binding: { roleRef } }: Grant): string {
  return `${roleRef.kind.toLowerCase()}.${rbacGroup} "${roleRef.name}" not found`;
}

function describe({ binding: { metadata, roleRef }, subject }: Grant): string {
  const [kind, name] = metadata?.namespace
    ? ["RoleBinding", `${metadata.name}/${metadata.namespace}`]
    : ["ClusterRoleBinding", metadata?.name];
  return `${kind} "${name}" of ${roleRef.kind} "${roleRef.name}" to ${describeSubject(subject)}`;
}

function describeSubject({ kind, name, namespace }: RbacSubject): string {
  return kind === "ServiceAccount" ? `${kind} "${name}/${namespace}"` : `${kind} "${name}"`;
}

function several(errors: readonly string[]): string {
  return errors.length === 1 ? errors[0]! : `[${[...new Set(errors)].join(", ")}]`;
}
