/** Requests and limits of a pod as a whole: what its containers ask for has to fit in (KEP-2837). */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { compareQuantities, formatQuantity, parseQuantity } from "../quantity.ts";
import { isHugePages, isResourceName, validateAmounts, validateClaims } from "./container_resources.ts";
import type { Report } from "./report.ts";

const ofPods = ["cpu", "hugepages-", "memory"];

export function validatePodResources(spec: IPodSpec, claims: readonly string[], report: Report): void {
  const { resources } = spec;
  if (!resources) return;
  if (resources.claims?.length) report.at("claims").forbidden("claims may not be set for Resources at pod-level");
  validateAmounts(resources, validateName, report);
  validateClaims(resources.claims, claims, report.at("claims"));
  validateSums(spec, "requests", report, () => true);
  validateSums(spec, "limits", report, isHugePages);
  spec.containers?.forEach((container, i) => {
    for (const [name, limit] of Object.entries(resources.limits ?? {})) {
      const own = container.resources?.limits?.[name];
      if (own === undefined || compareQuantities(own, limit) <= 0) continue;
      const place = report.at("containers", i).key(name).at("limits");
      place.invalid(String(own), `must be less than or equal to pod limits of ${limit}`);
    }
  });
}

function validateName(name: string, report: Report): void {
  if (!isResourceName(name, report) || name === "cpu" || name === "memory" || isHugePages(name)) return;
  report.notSupported(name, ofPods);
}

type Side = "requests" | "limits";

function validateSums(spec: IPodSpec, side: Side, report: Report, isMeant: (name: string) => boolean): void {
  for (const [name, amount] of Object.entries(spec.resources?.[side] ?? {})) {
    if (!isMeant(name)) continue;
    const sum = needed(spec, side, name);
    if (sum === undefined || compareQuantities(amount, sum) >= 0) continue;
    report.at(side).key(name).invalid(
      String(amount),
      `must be greater than or equal to aggregate container ${side} of ${sum}`,
    );
  }
}

/** Of all that run at once: init containers one by one, beside those of them that stay. */
function needed(spec: IPodSpec, side: Side, name: string): string | undefined {
  const amountOf = ({ resources }: IContainer) => resources?.[side]?.[name];
  const nanoOf = (container: IContainer) => parseQuantity(amountOf(container) ?? 0).nano;
  let [staying, peak] = [0n, 0n];
  for (const container of spec.initContainers ?? []) {
    const beside = staying + nanoOf(container);
    if (beside > peak) peak = beside;
    if (container.restartPolicy === "Always") staying = beside;
  }
  const together = (spec.containers ?? []).reduce((sum, container) => sum + nanoOf(container), staying);
  const first = [...spec.containers ?? [], ...spec.initContainers ?? []].map(amountOf).find((one) => one !== undefined);
  if (first === undefined) return undefined;
  return formatQuantity({ nano: together > peak ? together : peak, format: parseQuantity(first).format });
}
