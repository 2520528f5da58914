/** Requests and limits of containers and pods. Source: "Resource Management for Pods and Containers". */
import type { IResourceRequirements } from "kubernetes-models/v1/ResourceRequirements";
import { compareQuantities, parseQuantity } from "../quantity.ts";
import { qualifiedName } from "./names.ts";
import { validateAmount } from "./numbers.ts";
import type { Report } from "./report.ts";

const standard = new Set(["cpu", "memory", "ephemeral-storage"]);
const wholeUnit = 1_000_000_000n;

function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

/** Devices and the like, named by whoever offers them. */
function isExtended(name: string): boolean {
  return name.includes("/") && !name.startsWith("kubernetes.io/") && !name.startsWith("requests.");
}

export function validateResources(resources: IResourceRequirements | undefined, report: Report): void {
  const limits = resources?.limits ?? {};
  const requests = resources?.requests ?? {};
  for (const name of Object.keys(limits)) validateEntry(name, limits[name]!, report.at("limits"));
  for (const name of Object.keys(requests)) {
    validateEntry(name, requests[name]!, report.at("requests"));
    validateAgainstLimit(name, requests[name]!, limits[name], report);
  }
}

function validateEntry(name: string, amount: string | number, report: Report): void {
  const entry = report.key(name);
  validateResourceName(name, entry);
  validateAmount(amount, entry);
  if (isExtended(name) && parseQuantity(amount).nano % wholeUnit !== 0n) {
    entry.invalid(String(amount), "must be an integer");
  }
}

function validateResourceName(name: string, report: Report): void {
  report.named(name, qualifiedName);
  if (!name.includes("/") && !standard.has(name) && !isHugePages(name)) {
    report.invalid(name, "must be a standard resource type or fully qualified");
    report.invalid(name, "must be a standard resource for containers");
  }
}

function validateAgainstLimit(
  name: string,
  request: string | number,
  limit: string | number | undefined,
  report: Report,
): void {
  const place = report.at("requests");
  const cannotOvercommit = isExtended(name) || isHugePages(name);
  if (limit === undefined) {
    if (cannotOvercommit) report.at("limits").required("Limit must be set for non overcommitable resources");
    return;
  }
  const order = compareQuantities(request, limit);
  if (cannotOvercommit && order !== 0) {
    place.invalid(String(request), `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    place.invalid(String(request), `must be less than or equal to ${name} limit of ${limit}`);
  }
}
