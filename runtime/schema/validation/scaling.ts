/** HorizontalPodAutoscalers and PodDisruptionBudgets. */
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { validateBehavior, validateMetrics, validateReference } from "./metrics.ts";
import { budgetShape, goPrinted } from "./go_shape.ts";
import { validateAtMostAll, validateCountOrPercent } from "./numbers.ts";
import type { Report } from "./report.ts";
import { validateLabelSelector } from "./selectors.ts";

export function validateAutoscaler({ spec }: Pick<IHorizontalPodAutoscaler, "spec">, report: Report): void {
  const place = report.at("spec");
  const { minReplicas: least, maxReplicas: most = 0 } = spec ?? {};
  if (least !== undefined && least < 1) place.at("minReplicas").invalid(least, "must be greater than or equal to 1");
  if (most === 0) place.at("maxReplicas").required("must be set and greater than 0");
  else if (most < 1) place.at("maxReplicas").invalid(most, "must be greater than or equal to 1");
  if (least !== undefined && most < least) {
    place.at("maxReplicas").invalid(most, "must be greater than or equal to `minReplicas`");
  }
  if (!spec) return;
  validateReference(spec.scaleTargetRef ?? {}, place.at("scaleTargetRef"));
  const { apiVersion = "" } = spec.scaleTargetRef ?? {};
  const parsed = apiVersion.split("/").length <= 2;
  if (parsed && !/^[^/]+\//.test(apiVersion) && spec.scaleTargetRef?.kind !== "ReplicationController") {
    place.at("scaleTargetRef", "apiVersion").invalid(apiVersion, "apiVersion must specify API group");
  }
  validateMetrics(spec, place.at("metrics"));
  validateBehavior(spec, place.at("behavior"));
}

export function validateDisruptionBudget({ spec }: IPodDisruptionBudget, report: Report): void {
  const place = report.at("spec");
  if (spec?.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    place.invalid(goPrinted(budgetShape, spec), "minAvailable and maxUnavailable cannot be both set");
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    validateCountOrPercent(spec?.[field], place.at(field));
    validateAtMostAll(spec?.[field], place.at(field));
  }
  validateLabelSelector(spec?.selector, place.at("selector"));
}
