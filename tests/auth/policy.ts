/** The authorizers of a cluster that has nothing in it but the default policy, and what they answer. */
import { type Attributes, type Binding, type ClusterAccess, clusterAccess, type Role } from "../../runtime/auth/mod.ts";
import { defaultBindings, defaultRoles } from "../../runtime/auth/mod.ts";
import type { RbacKind, User } from "../../runtime/auth/mod.ts";

/** As the aggregation loop would fill them, the gathering roles are left empty. */
export function defaultAccess(): ClusterAccess {
  const access = clusterAccess();
  for (const object of [...defaultRoles, ...defaultBindings]) {
    access.rbac.set(`${object.kind.toLowerCase()}s` as RbacKind, object as Role | Binding);
  }
  return access;
}

export function user(name: string, ...groups: string[]): User {
  return { name, groups };
}

/** `asked(who, "get", "/pods/log", "team/web")`: group/resource[/subresource] in namespace[/name]. */
export function asked(who: User, verb: string, what: string, where = ""): Attributes {
  const [group = "", plural = "", subresource] = what.split("/");
  const [namespace, name] = where.split("/");
  const resource = { group, version: "v1", plural, subresource, namespace: namespace || undefined, name };
  return { user: who, verb, path: "", resource };
}
