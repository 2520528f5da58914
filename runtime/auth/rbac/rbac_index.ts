/**
 * Roles and bindings, held so that a decision looks only at what was granted to who asks.
 *
 * Laws: it knows what it was told with `set` and `delete`, in that order, and nothing else; several bindings of one subject to one
 * role in one namespace cost a decision no more than one.
 */
import type { Binding, RbacSubject, Role, RoleRef } from "./roles.ts";
import { inNamespaceOf, keysOfUser, subjectKey } from "./roles.ts";
import type { PolicyRule } from "./rule.ts";
import type { User } from "../user.ts";

export type RbacKind = "roles" | "clusterroles" | "rolebindings" | "clusterrolebindings";

/** One role that a subject has, with the binding that gave it first. */
export interface Grant {
  readonly binding: Binding;
  readonly subject: RbacSubject;
  /** `undefined`: the role does not exist. */
  readonly role: Role | undefined;
}

export interface Search {
  test(role: Role): boolean;
  missing(grant: Grant): void;
}

interface Granted {
  readonly binding: Binding;
  readonly subject: RbacSubject;
}

/** Role key to binding key to what gave it. */
type RolesOfSubject = Map<string, Map<string, Granted>>;

const none: RolesOfSubject = new Map();

export class RbacIndex {
  /** Keys: `namespace/name`, or `/name` for ClusterRoles. */
  readonly #roles = new Map<string, Role>();
  readonly #bindings = new Map<string, Binding>();
  /** Namespace (empty: cluster) to subject to its roles. */
  readonly #granted = new Map<string, Map<string, RolesOfSubject>>();

  set(kind: RbacKind, object: Role | Binding): void {
    const key = keyOf(object);
    if (isRole(kind)) return void this.#roles.set(key, object as Role);
    this.#forget(key);
    const binding = object as Binding;
    this.#bindings.set(key, binding);
    for (const subject of subjectsOf(binding)) this.#grant(key, binding, subject);
  }

  delete(kind: RbacKind, object: Role | Binding): void {
    const key = keyOf(object);
    if (isRole(kind)) this.#roles.delete(key);
    else this.#forget(key);
  }

  /** The role that a reference in `namespace` (empty: of a ClusterRoleBinding) names. */
  role(ref: RoleRef, namespace: string): Role | undefined {
    return this.#roles.get(roleKey(ref, namespace));
  }

  /** Everything that a user was given: for the cluster first, then for the namespace. */
  *grants(user: User, namespace = ""): Iterable<Grant> {
    const keys = keysOfUser(user);
    yield* this.#grantsIn("", keys);
    if (namespace) yield* this.#grantsIn(namespace, keys);
  }

  /**
   * The first grant whose role passes the test; asked with every request, so nothing is made on the way. `missing` is told of
   * grants of roles that do not exist.
   */
  find(user: User, namespace: string, search: Search): Grant | undefined {
    const subjects = keysOfUser(user);
    return this.#findIn("", subjects, search) ?? (namespace ? this.#findIn(namespace, subjects, search) : undefined);
  }

  #findIn(namespace: string, subjects: readonly string[], { test, missing }: Search): Grant | undefined {
    const here = this.#granted.get(namespace);
    if (!here) return undefined;
    for (const subject of subjects) {
      for (const [key, bindings] of here.get(subject) ?? none) {
        const role = this.#roles.get(key);
        if (role && test(role)) return grantOf(bindings, role);
        if (!role) missing(grantOf(bindings, role));
      }
    }
    return undefined;
  }

  *rules(user: User, namespace = ""): Iterable<PolicyRule> {
    for (const { role } of this.grants(user, namespace)) yield* role?.rules ?? [];
  }

  *#grantsIn(namespace: string, subjects: readonly string[]): Iterable<Grant> {
    const here = this.#granted.get(namespace);
    if (!here) return;
    for (const subject of subjects) {
      for (const [role, bindings] of here.get(subject) ?? []) yield grantOf(bindings, this.#roles.get(role));
    }
  }

  #grant(key: string, binding: Binding, subject: RbacSubject): void {
    const who = subjectKey(subject);
    if (!who) return;
    const namespace = binding.metadata?.namespace ?? "";
    const roles = entry(entry(this.#granted, namespace), who) as RolesOfSubject;
    entry(roles, roleKey(binding.roleRef, namespace)).set(key, { binding, subject });
  }

  #forget(key: string): void {
    const binding = this.#bindings.get(key);
    if (!binding) return;
    this.#bindings.delete(key);
    const namespace = binding.metadata?.namespace ?? "";
    const here = this.#granted.get(namespace);
    for (const who of subjectsOf(binding).map(subjectKey)) {
      const roles = who === undefined ? undefined : here?.get(who);
      const role = roleKey(binding.roleRef, namespace);
      roles?.get(role)?.delete(key);
      if (roles?.get(role)?.size === 0) roles.delete(role);
      if (roles?.size === 0) here!.delete(who!);
    }
    if (here?.size === 0) this.#granted.delete(namespace);
  }
}

function entry<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let found = map.get(key);
  if (!found) map.set(key, found = new Map());
  return found;
}

function grantOf(bindings: ReadonlyMap<string, Granted>, role: Role | undefined): Grant {
  const [granted] = bindings.values();
  return { ...granted!, role };
}

function isRole(kind: RbacKind): boolean {
  return kind === "roles" || kind === "clusterroles";
}

function keyOf({ metadata }: Role | Binding): string {
  return `${metadata?.namespace ?? ""}/${metadata?.name ?? ""}`;
}

function roleKey({ kind, name }: RoleRef, namespace: string): string {
  return kind === "ClusterRole" ? `/${name}` : `${namespace}/${name}`;
}

function subjectsOf(binding: Binding): RbacSubject[] {
  return (binding.subjects ?? []).map((subject) => inNamespaceOf(binding, subject));
}
