/**
 * Who may do what in a cluster: the members of `system:masters` everything, nodes what their pods need, everybody what roles
 * grant. It knows what it is told of roles, bindings, pods and volumes; the API server tells it from the watch cache.
 */
import { NodeGraph } from "./node/node_graph.ts";
import { nodeAuthorizer } from "./node/node_authorizer.ts";
import { rbacAuthorizer } from "./rbac/rbac_authorizer.ts";
import { RbacIndex } from "./rbac/rbac_index.ts";
import type { Authorizer } from "./user.ts";

export interface ClusterAccess {
  readonly rbac: RbacIndex;
  readonly nodes: NodeGraph;
  readonly authorize: Authorizer;
  /** By their names in an AuthorizationConfiguration. */
  readonly own: Readonly<Record<"Node" | "RBAC", Authorizer>>;
  /** Somebody decides as well whose rules nobody here knows. */
  readonly asksOthers: boolean;
  /** From now on, these are asked in this order, after the administrators' gate; at first Node, then RBAC. */
  use(authorizers: readonly Authorizer[]): void;
}

export function clusterAccess(): ClusterAccess {
  const rbac = new RbacIndex();
  const nodes = new NodeGraph();
  const own = { Node: nodeAuthorizer(nodes), RBAC: rbacAuthorizer(rbac) };
  let decide = firstToAllow(masters, own.Node, own.RBAC);
  let asksOthers = false;
  return {
    rbac,
    nodes,
    own,
    authorize: (attributes) => decide(attributes),
    get asksOthers() {
      return asksOthers;
    },
    use(authorizers) {
      asksOthers = authorizers.some((one) => !Object.values(own).includes(one));
      decide = firstToAllow(masters, ...authorizers);
    },
  };
}

/** Administrators keep their rights also when every role is gone. */
const masters: Authorizer = ({ user }) =>
  Promise.resolve({ allowed: user.groups.includes("system:masters"), reason: "" });

/** The first that allows or denies decides. A refusal gives the reasons of all that were asked, a line each. */
export function firstToAllow(...authorizers: readonly Authorizer[]): Authorizer {
  return async (attributes) => {
    const reasons: string[] = [];
    for (const authorize of authorizers) {
      const decision = await authorize(attributes);
      if (decision.allowed) return decision;
      if (decision.reason) reasons.push(decision.reason);
      if (decision.denied) return { allowed: false, denied: true, reason: reasons.join("\n") };
    }
    return { allowed: false, reason: reasons.join("\n") };
  };
}

/** Whom our own loops speak as, in the process of the API server. */
export function loopUser(name: string): { name: string; groups: string[] } {
  return { name, groups: ["system:masters", "system:authenticated"] };
}

/** A kubelet obeys the API server and administrators by itself; about others it asks. */
export function kubeletAuthorizer(): Authorizer {
  return masters;
}
