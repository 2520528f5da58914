/** What upstream fills in for role bindings, webhooks, admission policies, flow control and token requests. */
import type { ITokenRequest } from "kubernetes-models/authentication.k8s.io/v1/TokenRequest";
import type { IFlowSchema } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/FlowSchema";
import type { IPriorityLevelConfiguration } from "kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import { fill } from "./fill.ts";

const rbac = "rbac.authorization.k8s.io";

export function defaultRoleBinding({ roleRef, subjects }: IRoleBinding): void {
  if (roleRef && !roleRef.apiGroup) roleRef.apiGroup = rbac;
  for (const subject of subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = rbac;
  }
}

export function defaultFlowSchema({ spec }: IFlowSchema): void {
  if (spec && !spec.matchingPrecedence) spec.matchingPrecedence = 1000;
}

export function defaultPriorityLevel({ spec }: IPriorityLevelConfiguration): void {
  if (spec?.exempt) fill(spec.exempt, { nominalConcurrencyShares: 0, lendablePercent: 0 });
  const limited = spec?.limited;
  if (!limited) return;
  fill(limited, { nominalConcurrencyShares: 30, lendablePercent: 0 });
  const queuing = limited.limitResponse?.queuing;
  if (!queuing) return;
  const sizes = { handSize: 8, queues: 64, queueLengthLimit: 50 };
  // None of something is not said.
  for (const name of Object.keys(sizes) as (keyof typeof sizes)[]) if (queuing[name] === 0) delete queuing[name];
  fill(queuing, sizes);
}

export function defaultTokenRequest({ spec }: ITokenRequest): void {
  if (spec) fill(spec, { expirationSeconds: 3600 });
}
