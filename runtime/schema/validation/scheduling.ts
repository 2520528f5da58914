/** Where a pod may run: tolerations, affinity, spread. */
import type { IAffinity } from "kubernetes-models/v1/Affinity";
import type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
import type { IToleration } from "kubernetes-models/v1/Toleration";
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import { labelValueName, qualifiedName } from "./names.ts";
import type { Report } from "./report.ts";
import { validateLabelSelector, validateNodeSelectorTerm } from "./selectors.ts";

export function validateTolerations(tolerations: IToleration[] | undefined, report: Report): void {
  tolerations?.forEach((toleration, i) => validateToleration(toleration, report.at(i)));
}

function validateToleration({ key, operator, value, effect, tolerationSeconds }: IToleration, report: Report): void {
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
  if (operator !== "Exists" && value) report.at("operator").named(value, labelValueName);
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
    if (!demanded.nodeSelectorTerms?.length) place.required("must have at least one node selector term");
    demanded.nodeSelectorTerms?.forEach((term, i) => validateNodeSelectorTerm(term, place.at(i)));
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
  if (!term.topologyKey) report.at("topologyKey").required("can not be empty");
  report.at("topologyKey").named(term.topologyKey ?? "", qualifiedName);
}

export function validateSpread(constraints: ITopologySpreadConstraint[] | undefined, report: Report): void {
  constraints?.forEach((constraint, i) => {
    const place = report.at(i);
    if (constraint.maxSkew <= 0) place.at("maxSkew").invalid(constraint.maxSkew, "must be greater than zero");
    if (!constraint.topologyKey) place.at("topologyKey").required("can not be empty");
    validateMinDomains(constraint, place.at("minDomains"));
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
