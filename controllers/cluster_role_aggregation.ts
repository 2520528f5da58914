/**
 * ClusterRole aggregation: a ClusterRole with an `aggregationRule` holds the rules of all others that its selectors match.
 *
 * Source: "Aggregated ClusterRoles" (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles).
 */
import type { IClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
import { ClusterRole, compileLabelSelector, keyOf, refOf, type Stored } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, mapped, type Outcome, patching, sameJson } from "../runtime/loop/mod.ts";
import { canonicalJson } from "./objects/canonical_json.ts";

type ClusterRoleObject = Stored<IClusterRole>;
type Rules = NonNullable<IClusterRole["rules"]>;

export const clusterRoleAggregation: Controller = controller(ClusterRole, {
  name: "clusterrole-aggregation",
  watches: [
    mapped(ClusterRole, (_role, { informers }) => informers.of(ClusterRole).list().filter(isAggregate).map(keyOf)),
  ],
  async reconcile(key, { read, informers, apply }): Promise<Outcome> {
    const role = read(key);
    if (!role || !isAggregate(role)) return done;
    const rules = aggregate(role, informers.of(ClusterRole).list());
    if (sameJson(rules, role.rules ?? [])) return done;
    const body = { metadata: { resourceVersion: role.metadata.resourceVersion }, rules: structuredClone(rules) };
    await apply([patching(ClusterRole, refOf(keyOf(role)), { type: "merge", body: body as never })]);
    return done;
  },
});

function isAggregate({ aggregationRule }: ClusterRoleObject): boolean {
  return aggregationRule !== undefined;
}

/** By the names of the roles, each rule once. */
export function aggregate(role: ClusterRoleObject, roles: readonly ClusterRoleObject[]): Rules {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((one) => compileLabelSelector(one as never));
  const rules = new Map<string, Rules[number]>();
  const sorted = [...roles].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const matches of selectors) {
    for (
      const other of sorted.filter((one) => one.metadata.name !== role.metadata.name && matches(one.metadata.labels))
    ) {
      for (const rule of other.rules ?? []) rules.set(canonicalJson(rule), rule);
    }
  }
  return [...rules.values()];
}
