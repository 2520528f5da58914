/** Admission policies and their bindings as the API has them: admissionregistration.k8s.io/v1. */
import type { compileLabelSelector } from "../../../schema/mod.ts";
import type { Rule } from "../webhooks/rules.ts";

export type Selector = Parameters<typeof compileLabelSelector>[0];

export interface NamedRule extends Rule {
  readonly resourceNames?: readonly string[];
}

export interface MatchResources {
  readonly resourceRules?: readonly NamedRule[];
  readonly excludeResourceRules?: readonly NamedRule[];
  readonly namespaceSelector?: Selector;
  readonly objectSelector?: Selector;
  readonly matchPolicy?: "Exact" | "Equivalent";
}

export interface Named {
  readonly name: string;
  readonly expression: string;
}

export interface DeclaredValidation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

export interface DeclaredMutation {
  readonly patchType: "ApplyConfiguration" | "JSONPatch";
  readonly applyConfiguration?: { readonly expression?: string };
  readonly jsonPatch?: { readonly expression?: string };
}

/** `spec` of a ValidatingAdmissionPolicy or a MutatingAdmissionPolicy. */
export interface PolicySpec {
  readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly Named[];
  readonly variables?: readonly Named[];
  readonly failurePolicy?: "Fail" | "Ignore";
  readonly validations?: readonly DeclaredValidation[];
  readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
  readonly mutations?: readonly DeclaredMutation[];
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: Selector;
  readonly parameterNotFoundAction?: "Allow" | "Deny";
}

export interface BindingSpec {
  readonly policyName: string;
  readonly paramRef?: ParamRef;
  readonly matchResources?: MatchResources;
  readonly validationActions?: readonly ("Deny" | "Warn" | "Audit")[];
}
