/** The columns of what extends the API: aggregated services, webhooks, admission policies. */
import type { IAPIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
import type { IMutatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingAdmissionPolicy";
import type { IMutatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration";
import type { IValidatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
import type { IValidatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
import { age, column, name, type Printer, printer } from "./cell.ts";

const unset = "<unset>";

export const apiServices: Printer = printer<IAPIService>(
  name,
  column("Service", ({ spec }) => spec?.service ? `${spec.service.namespace}/${spec.service.name}` : "Local"),
  column("Available", available),
  age,
);

function available({ status }: IAPIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (!condition) return "Unknown";
  return condition.status === "True" ? "True" : `${condition.status} (${condition.reason})`;
}

/** Mutating and validating configurations look the same. */
export const webhookConfigurations: Printer = printer<IMutatingWebhookConfiguration>(
  name,
  column("Webhooks", ({ webhooks }) => webhooks?.length ?? 0, "integer"),
  age,
);

interface ParamKind {
  apiVersion?: string;
  kind?: string;
}

const paramKind = (param: ParamKind | undefined) => param ? `${param.apiVersion}/${param.kind}` : unset;

export const validatingAdmissionPolicies: Printer = printer<IValidatingAdmissionPolicy>(
  name,
  column("Validations", ({ spec }) => spec?.validations?.length ?? 0, "integer"),
  column("ParamKind", ({ spec }) => paramKind(spec?.paramKind)),
  age,
);

export const mutatingAdmissionPolicies: Printer = printer<IMutatingAdmissionPolicy>(
  name,
  column("Mutations", ({ spec }) => spec?.mutations?.length ?? 0, "integer"),
  column("ParamKind", ({ spec }) => paramKind(spec?.paramKind)),
  age,
);

/** Mutating and validating bindings look the same. */
export const admissionPolicyBindings: Printer = printer<IValidatingAdmissionPolicyBinding>(
  name,
  column("PolicyName", ({ spec }) => spec?.policyName ?? ""),
  column("ParamRef", ({ spec }) => {
    const { namespace, name } = spec?.paramRef ?? {};
    return name ? namespace ? `${namespace}/${name}` : `*/${name}` : unset;
  }),
  age,
);
