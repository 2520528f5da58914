/** What upstream fills in for webhook configurations and admission policies. */
import type { IMatchResources } from "kubernetes-models/admissionregistration.k8s.io/v1/MatchResources";
import type { IMutatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration";
import type { IValidatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
import type { IValidatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
import type { IValidatingWebhook } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhook";
import type { IValidatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration";
import { fill } from "./fill.ts";

export function defaultMutatingWebhooks({ webhooks }: IMutatingWebhookConfiguration): void {
  for (const webhook of webhooks ?? []) {
    defaultWebhook(webhook);
    fill(webhook, { reinvocationPolicy: "Never" });
  }
}

export function defaultValidatingWebhooks({ webhooks }: IValidatingWebhookConfiguration): void {
  webhooks?.forEach(defaultWebhook);
}

function defaultWebhook(webhook: IValidatingWebhook): void {
  fill(webhook, {
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    namespaceSelector: {},
    objectSelector: {},
    timeoutSeconds: 10,
  });
  if (webhook.clientConfig?.service) fill(webhook.clientConfig.service, { port: 443 });
  for (const rule of webhook.rules ?? []) fill(rule, { scope: "*" });
}

/** Validating and mutating policies have the same shape here. */
export function defaultAdmissionPolicy({ spec }: IValidatingAdmissionPolicy): void {
  if (!spec) return;
  fill(spec, { failurePolicy: "Fail" });
  defaultMatchResources(spec.matchConstraints);
}

export function defaultAdmissionPolicyBinding({ spec }: IValidatingAdmissionPolicyBinding): void {
  defaultMatchResources(spec?.matchResources);
}

function defaultMatchResources(match?: IMatchResources): void {
  if (!match) return;
  fill(match, { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} });
  for (const rule of [...match.resourceRules ?? [], ...match.excludeResourceRules ?? []]) fill(rule, { scope: "*" });
}
