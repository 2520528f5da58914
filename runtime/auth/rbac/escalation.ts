/**
 * Nobody may give what he does not have: roles are written, and bindings made, by those who hold every permission in them, or
 * who were explicitly allowed to `escalate` or `bind`. Words of refusal are upstream's.
 */
import { groupResourceOf, notFound, type Resource, StatusError } from "../../schema/mod.ts";
import type { Authorizer, User } from "../user.ts";
import { describeRule, quotedList, uncovered } from "./cover.ts";
import type { RbacIndex } from "./rbac_index.ts";
import { type Binding, rbacGroup, type Role } from "./roles.ts";
import type { PolicyRule } from "./rule.ts";

export interface RbacWrite {
  readonly user: User;
  readonly resource: Pick<Resource, "group" | "version" | "plural">;
  readonly namespace: string;
  readonly name: string;
}

export interface EscalationCheck {
  readonly index: RbacIndex;
  readonly authorize: Authorizer;
}

const everything: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

/** Throws Forbidden. */
export async function checkRole(check: EscalationCheck, write: RbacWrite, role: Role): Promise<void> {
  if (await mayAnyway(check, write, "escalate", write.resource.plural, write.name)) return;
  const held = [...check.index.rules(write.user, write.namespace)];
  refuseUncovered(write, held, role.rules ?? []);
  if (role.aggregationRule && uncovered(held, everything).length > 0) {
    throw refusal(write, "must have cluster-admin privileges to use the aggregationRule");
  }
}

/** Throws Forbidden, or NotFound when the role is not there. */
export async function checkBinding(check: EscalationCheck, write: RbacWrite, binding: Binding): Promise<void> {
  const { roleRef } = binding;
  const plural = `${roleRef.kind.toLowerCase()}s`;
  if (await mayAnyway(check, write, "bind", plural, roleRef.name)) return;
  const role = check.index.role(roleRef, write.namespace);
  // Upstream names the kind of what was sent, not of what is missing.
  if (!role) throw notFound(write.resource, roleRef.name);
  refuseUncovered(write, [...check.index.rules(write.user, write.namespace)], role.rules ?? []);
}

async function mayAnyway(check: EscalationCheck, write: RbacWrite, verb: string, plural: string, name: string) {
  const { user, namespace, resource: { version } } = write;
  if (user.groups.includes("system:masters")) return true;
  const resource = { group: rbacGroup, version, plural, name, namespace: namespace || undefined };
  return (await check.authorize({ user, verb, path: "", resource })).allowed;
}

function refuseUncovered(write: RbacWrite, held: readonly PolicyRule[], wanted: readonly PolicyRule[]): void {
  const missing = uncovered(held, wanted);
  if (missing.length === 0) return;
  const { name, groups } = write.user;
  const list = missing.map(describeRule).sort().join("\n");
  throw refusal(
    write,
    `user ${JSON.stringify(name)} (groups=${quotedList(groups)}) is attempting to grant RBAC permissions ` +
      `not currently held:\n${list}`,
  );
}

function refusal({ resource, name }: RbacWrite, why: string): StatusError {
  const { group, plural } = resource;
  const message = `${groupResourceOf(resource)} ${JSON.stringify(name)} is forbidden: ${why}`;
  return new StatusError("Forbidden", message, { name, group, kind: plural });
}
