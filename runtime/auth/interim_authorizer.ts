/**
 * Who may do what until RBAC is there: admins, nodes and our own loops everything, a joining machine what joining takes,
 * everybody health and version, and nobody else anything.
 */
import { bootstrapGroup } from "./bootstrap_token.ts";
import type { Attributes, Authorizer, User } from "./user.ts";

type Rule = (attributes: Attributes) => string | undefined;

const openPaths = /^\/(healthz|livez|readyz)(\/[^/]+)?$|^\/version\/?$/;
const joiningVerbs = ["create", "get", "list", "watch"];

/** Each answers with the reason why it allows, or nothing. */
const rules: readonly Rule[] = [
  ({ user }) => user.groups.includes("system:masters") ? "member of system:masters" : undefined,
  ({ user }) => isNode(user) ? "a node" : undefined,
  ({ path, verb, resource }) => !resource && verb === "get" && openPaths.test(path) ? "open to everybody" : undefined,
  ({ user, verb, resource }) => {
    const joins = user.groups.includes(bootstrapGroup) && resource?.group === "certificates.k8s.io" &&
      resource.plural === "certificatesigningrequests" && !resource.subresource && joiningVerbs.includes(verb);
    return joins ? "a joining machine" : undefined;
  },
];

export function interimAuthorizer(): Authorizer {
  return (attributes) => {
    const reason = rules.map((rule) => rule(attributes)).find((found) => found !== undefined);
    // A refusal carries no reason of ours: upstream's words name the user, the verb and the resource, and end there.
    return Promise.resolve({ allowed: reason !== undefined, reason: reason ?? "" });
  };
}

/** A kubelet obeys the API server and administrators alone: one node has no business in another's pods. */
export function kubeletAuthorizer(): Authorizer {
  return ({ user }) => {
    const allowed = user.groups.includes("system:masters");
    return Promise.resolve({ allowed, reason: allowed ? "member of system:masters" : "" });
  };
}

function isNode({ name, groups }: User): boolean {
  return groups.includes("system:nodes") && name.startsWith("system:node:");
}

/** Whom our own loops speak as, in the process of the API server. */
export function loopUser(name: string): User {
  return { name, groups: ["system:masters", "system:authenticated"] };
}
