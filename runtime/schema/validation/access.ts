/** Roles and bindings. */
import type { IPolicyRule } from "kubernetes-models/rbac.authorization.k8s.io/v1/PolicyRule";
import type { IRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
import type { ISubject } from "kubernetes-models/rbac.authorization.k8s.io/v1/Subject";
import { dnsSubdomain, pathSegment } from "./names.ts";
import { type Report, sameJson } from "./report.ts";
import { validateLabelSelector } from "./selectors.ts";

const group = "rbac.authorization.k8s.io";

interface AnyRole {
  rules?: IPolicyRule[];
  aggregationRule?: { clusterRoleSelectors?: Parameters<typeof validateLabelSelector>[0][] };
}

export function validateRole({ rules }: AnyRole, report: Report): void {
  rules?.forEach((rule, i) => validateRule(rule, report.at("rules", i), true));
}

export function validateClusterRole({ rules, aggregationRule }: AnyRole, report: Report): void {
  rules?.forEach((rule, i) => validateRule(rule, report.at("rules", i), false));
  if (aggregationRule && !aggregationRule.clusterRoleSelectors?.length) {
    report.at("aggregationRule", "clusterRoleSelectors").required(
      "at least one clusterRoleSelector required if aggregationRule is non-nil",
    );
  }
  aggregationRule?.clusterRoleSelectors?.forEach((selector, i) =>
    validateLabelSelector(selector, report.at("aggregationRule", "clusterRoleSelectors", i))
  );
}

function validateRule(rule: IPolicyRule, report: Report, namespaced: boolean): void {
  if (!rule.verbs?.length) report.at("verbs").required("verbs must contain at least one value");
  if (rule.nonResourceURLs?.length) {
    const place = report.at("nonResourceURLs");
    if (namespaced) place.invalid(rule.nonResourceURLs, "namespaced rules cannot apply to non-resource URLs");
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      place.invalid(rule.nonResourceURLs, "rules cannot apply to both regular resources and non-resource URLs");
    }
    return;
  }
  if (!rule.apiGroups?.length) report.at("apiGroups").required("resource rules must supply at least one api group");
  if (!rule.resources?.length) report.at("resources").required("resource rules must supply at least one resource");
}

export function validateRoleBinding(binding: IRoleBinding, report: Report): void {
  validateBinding(binding, ["Role", "ClusterRole"], report);
}

export function validateClusterRoleBinding(binding: IRoleBinding, report: Report): void {
  validateBinding(binding, ["ClusterRole"], report);
}

function validateBinding(
  { roleRef, subjects, metadata }: IRoleBinding,
  kinds: readonly string[],
  report: Report,
): void {
  const place = report.at("roleRef");
  if (roleRef?.apiGroup !== group) place.at("apiGroup").notSupported(roleRef?.apiGroup ?? "", [group]);
  if (!kinds.includes(roleRef?.kind)) place.at("kind").notSupported(roleRef?.kind ?? "", kinds);
  place.at("name").requiredName(roleRef?.name, pathSegment);
  subjects?.forEach((subject, i) =>
    validateSubject(subject, metadata?.namespace !== undefined, report.at("subjects", i))
  );
}

function validateSubject(subject: ISubject, namespaced: boolean, report: Report): void {
  if (!subject.name) report.at("name").required();
  if (subject.kind === "ServiceAccount") {
    if (subject.name) report.at("name").named(subject.name, dnsSubdomain);
    if (subject.apiGroup) report.at("apiGroup").notSupported(subject.apiGroup, [""]);
    if (!namespaced && !subject.namespace) report.at("namespace").required();
  } else if (subject.kind === "User" || subject.kind === "Group") {
    if (subject.apiGroup !== group) report.at("apiGroup").notSupported(subject.apiGroup ?? "", [group]);
  } else {
    report.at("kind").notSupported(subject.kind ?? "", ["ServiceAccount", "User", "Group"]);
  }
}

export function validateRoleRefUpdate(now: IRoleBinding, old: IRoleBinding, report: Report): void {
  if (sameJson(now.roleRef, old.roleRef)) return;
  const { apiGroup, kind, name } = now.roleRef;
  // Upstream shows its inner form.
  report.at("roleRef").invalid({ APIGroup: apiGroup, Kind: kind, Name: name }, "cannot change roleRef");
}
