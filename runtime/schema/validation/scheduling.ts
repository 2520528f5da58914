/** Where a pod may run: tolerations, affinity, spread. */
import type { IAffinity } from "kubernetes-models/v1/Affinity";
import type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
import type { IToleration } from "kubernetes-models/v1/Toleration";
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import { dnsLabel, labelValueName, qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";
import { validateLabelSelector, validateNodeSelector, validateNodeSelectorTerm } from "./selectors.ts";

export function validateTolerations(tolerations: IToleration[] | undefined, report: Report): void {
  tolerations?.forEach((toleration, i) => validateToleration(toleration, report.at(i)));
}

// Comparing amounts (KEP-5471) is off by default; that it is known shows in what it is refused with.
const operators = ["Equal", "Exists"];
const comparing = [...operators, "Lt", "Gt"];

export function validateToleration(
  { key, operator, value, effect, tolerationSeconds }: IToleration,
  report: Report,
): void {
  if (key) report.at("key").named(key, qualifiedName);
  if (!key && operator !== "Exists") {
    report.at("operator").invalid(
      operator ?? "",
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    report.at("effect").invalid(effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === "Exists" && value) {
    report.at("operator").invalid(value, "value must be empty when `operator` is 'Exists'");
  }
  if ((operator || "Equal") === "Equal" && value) report.at("operator").named(value, labelValueName);
  if (operator === "Lt" || operator === "Gt") report.at("operator").notSupported(operator, comparing);
  else if (operator) report.at("operator").oneOf(operator, operators);
}

export function validateAffinity(affinity: IAffinity | undefined, report: Report): void {
  if (!affinity) return;
  validateNodeAffinity(affinity.nodeAffinity, report.at("nodeAffinity"));
  for (const kind of ["podAffinity", "podAntiAffinity"] as const) {
    const place = report.at(kind);
    affinity[kind]?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) =>
      validatePodTerm(term, place.at("requiredDuringSchedulingIgnoredDuringExecution", i))
    );
    affinity[kind]?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, podAffinityTerm }, i) => {
      const preferred = place.at("preferredDuringSchedulingIgnoredDuringExecution", i);
      validateWeight(weight, preferred.at("weight"));
      validatePodTerm(podAffinityTerm, preferred.at("podAffinityTerm"));
    });
  }
}

function validateNodeAffinity(affinity: IAffinity["nodeAffinity"], report: Report): void {
  const demanded = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (demanded) {
    const place = report.at("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
    validateNodeSelector(demanded.nodeSelectorTerms, place);
  }
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(({ weight, preference }, i) => {
    const place = report.at("preferredDuringSchedulingIgnoredDuringExecution", i);
    validateWeight(weight, place.at("weight"));
    validateNodeSelectorTerm(preference, place.at("preference"));
  });
}

function validateWeight(weight: number, report: Report): void {
  if (weight < 1 || weight > 100) report.invalid(weight, "must be in the range 1-100");
}

function validatePodTerm(term: IPodAffinityTerm, report: Report): void {
  validateLabelSelector(term.labelSelector, report.at("labelSelector"));
  validateLabelSelector(term.namespaceSelector, report.at("namespaceSelector"));
  // Upstream writes the field's name so.
  term.namespaces?.forEach((namespace) => report.at("namespace").named(namespace, dnsLabel));
  validateLabelKeys(term, "matchLabelKeys", report);
  validateLabelKeys(term, "mismatchLabelKeys", report);
  term.matchLabelKeys?.forEach((key, i) => {
    if (!term.mismatchLabelKeys?.includes(key)) return;
    report.at("matchLabelKeys", i).invalid(key, "exists in both matchLabelKeys and mismatchLabelKeys");
  });
  if (!term.topologyKey) report.at("topologyKey").required("can not be empty");
  report.at("topologyKey").named(term.topologyKey ?? "", qualifiedName);
}

type WithKeys = Pick<IPodAffinityTerm, "labelSelector" | "matchLabelKeys" | "mismatchLabelKeys">;

/** Keys whose values the pod itself gives: they narrow a selector. */
function validateLabelKeys(
  term: WithKeys,
  field: "matchLabelKeys" | "mismatchLabelKeys",
  report: Report,
): void {
  const keys = term[field] ?? [];
  if (keys.length > 0 && !term.labelSelector) {
    return report.at(field).forbidden("must not be specified when labelSelector is not set");
  }
  keys.forEach((key, i) => report.at(field, i).named(key, qualifiedName));
}

const unsatisfied = ["DoNotSchedule", "ScheduleAnyway"];
const nodePolicies = ["Honor", "Ignore"];

export function validateSpread(constraints: ITopologySpreadConstraint[] | undefined, report: Report): void {
  const wanted = (constraints ?? []).map(({ topologyKey, whenUnsatisfiable = "" }) =>
    `{${topologyKey ?? ""}, ${whenUnsatisfiable}}`
  );
  constraints?.forEach((constraint, i) => {
    const place = report.at(i);
    if (constraint.maxSkew <= 0) place.at("maxSkew").invalid(constraint.maxSkew, "must be greater than zero");
    if (!constraint.topologyKey) place.at("topologyKey").required("can not be empty");
    place.at("whenUnsatisfiable").oneOf(constraint.whenUnsatisfiable ?? "", unsatisfied);
    if (wanted.includes(wanted[i]!, i + 1)) place.at("{topologyKey, whenUnsatisfiable}").duplicate(wanted[i]);
    validateMinDomains(constraint, place.at("minDomains"));
    for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const) {
      place.at(field).oneOf(constraint[field], nodePolicies);
    }
    validateLabelKeys(constraint, "matchLabelKeys", place);
    validateLabelSelector(constraint.labelSelector, place.at("labelSelector"));
  });
}

function validateMinDomains({ minDomains, whenUnsatisfiable }: ITopologySpreadConstraint, report: Report): void {
  if (minDomains === undefined) return;
  if (minDomains <= 0) report.invalid(minDomains, "must be greater than zero");
  if (whenUnsatisfiable !== "DoNotSchedule") {
    report.invalid(minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`);
  }
}
