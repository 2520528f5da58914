/** SelfSubjectRulesReview: what `kubectl auth can-i --list` shows. */
import { nodeIdentity } from "../../auth/node/mod.ts";
import type { ClusterAccess } from "../../auth/cluster_access.ts";
import type { User } from "../../auth/user.ts";
import { badRequest } from "../objects/refusals.ts";
import type { Judge } from "./judge.ts";

/** `access` absent: nothing is known of rules, and the answer says so. */
export function rulesReview(access: ClusterAccess | undefined): Judge {
  return {
    tellsSpec: false,
    judge({ namespace }, { user }) {
      if (!namespace) throw badRequest("no namespace on request");
      return rulesOf(access, user, namespace as string);
    },
  };
}

function rulesOf(access: ClusterAccess | undefined, user: User, namespace: string) {
  const index = access?.rbac;
  const rules = index ? [...index.rules(user, namespace)] : [];
  const missing = index ? [...index.grants(user, namespace)].filter(({ role }) => !role) : [];
  const troubles = [
    ...missing.map(({ binding: { roleRef } }) =>
      `${roleRef.kind.toLowerCase()}.rbac.authorization.k8s.io "${roleRef.name}" not found`
    ),
    ...(access?.asksOthers ? ["webhook authorizer does not support user rule resolution"] : []),
  ];
  const { verbs, apiGroups, resources } = everything;
  const masters = user.groups.includes("system:masters") && rules.length === 0;
  const resourceRules = rules.filter(({ resources }) => resources?.length).map((rule) => ({
    verbs: rule.verbs,
    apiGroups: rule.apiGroups ?? [],
    resources: rule.resources,
    ...(rule.resourceNames?.length && { resourceNames: rule.resourceNames }),
  }));
  const nonResourceRules = rules.filter(({ nonResourceURLs }) => nonResourceURLs?.length)
    .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs }));
  return {
    resourceRules: masters ? [{ verbs, apiGroups, resources }] : resourceRules,
    nonResourceRules: masters ? [{ verbs, nonResourceURLs: ["*"] }] : nonResourceRules,
    incomplete: troubles.length > 0 || !index || nodeIdentity(user) !== undefined,
    ...(troubles.length > 0 && { evaluationError: troubles.join(", ") }),
  };
}

/** Members of `system:masters` need no role. */
const everything = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
