/** Requests and limits of containers. Source: "Resource Management for Pods and Containers". */
import type { IResourceRequirements } from "kubernetes-models/v1/ResourceRequirements";
import { compareQuantities, parseQuantity } from "../quantity.ts";
import { dnsLabel, qualifiedName } from "./names.ts";
import { validateAmount } from "./numbers.ts";
import type { Report } from "./report.ts";

export type Amounts = Readonly<Record<string, string | number>>;

const ofContainers = new Set(["cpu", "memory", "ephemeral-storage"]);
/** Names without a domain that mean something somewhere, but not to a container. */
const ofOthers = new Set([
  ...["pods", "storage", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "requests.cpu", "requests.memory"],
  ...["requests.storage", "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage"],
]);
const wholeUnit = 1_000_000_000n;

export function isHugePages(name: string): boolean {
  return name.startsWith("hugepages-");
}

/** Devices and the like, named by whoever offers them. */
function isExtended(name: string): boolean {
  return isForeign(name) && !name.startsWith("requests.") && qualifiedName(`requests.${name}`).length === 0;
}

export function isForeign(name: string): boolean {
  return name.includes("/") && !/(^|\.)kubernetes\.io\//.test(name);
}

type NameCheck = (name: string, report: Report) => void;

/** `claims`: names of the pod's device claims. */
export function validateResources(
  resources: IResourceRequirements | undefined,
  claims: readonly string[],
  report: Report,
): void {
  if (!resources) return;
  validateAmounts(resources, validateContainerResource, report);
  validateClaims(resources.claims, claims, report.at("claims"));
}

/** Limits and requests, without claims. */
export function validateAmounts(
  { limits = {}, requests = {} }: IResourceRequirements,
  named: NameCheck,
  report: Report,
): void {
  const names = new Set([...Object.keys(limits), ...Object.keys(requests)]);
  for (const name of Object.keys(limits)) validateEntry(name, limits[name]!, named, report.at("limits").key(name));
  for (const name of Object.keys(requests)) {
    const entry = report.at("requests").key(name);
    named(name, entry);
    validateAmount(requests[name]!, entry);
    validateWhole(name, requests[name]!, entry);
    validateAgainstLimit(name, requests[name]!, limits[name], report);
    validatePages(name, requests[name]!, entry);
  }
  const hasPages = [...names].some(isHugePages);
  if (hasPages && !names.has("cpu") && !names.has("memory")) report.forbidden("HugePages require cpu or memory");
}

function validateEntry(name: string, amount: string | number, named: NameCheck, entry: Report): void {
  named(name, entry);
  validateAmount(amount, entry);
  validateWhole(name, amount, entry);
  validatePages(name, amount, entry);
}

export function isWhole(amount: string | number): boolean {
  return parseQuantity(amount).nano % wholeUnit === 0n;
}

function validateWhole(name: string, amount: string | number, entry: Report): void {
  if (isForeign(name) && !isWhole(amount)) {
    entry.invalid(String(amount), "must be an integer");
  }
}

/** Memory in pages of one size is given out page by page. */
function validatePages(name: string, amount: string | number, entry: Report): void {
  if (!isHugePages(name)) return;
  const page = pageSize(name.slice("hugepages-".length));
  const { nano } = parseQuantity(amount);
  if (page > 0n && nano > 0n && nano % page === 0n) return;
  entry.invalid(String(amount), `${amount} is not positive integer multiple of ${name}`);
}

function pageSize(text: string): bigint {
  try {
    return parseQuantity(text).nano;
  } catch {
    return 0n;
  }
}

/** Whether the name says a resource at all. */
export function isResourceName(name: string, report: Report): boolean {
  const faults = qualifiedName(name);
  for (const fault of faults) report.invalid(name, fault);
  if (faults.length > 0) return false;
  if (name.includes("/") || ofContainers.has(name) || ofOthers.has(name) || isHugePages(name)) return true;
  report.invalid(name, "must be a standard resource type or fully qualified");
  return false;
}

function validateContainerResource(name: string, report: Report): void {
  isResourceName(name, report);
  if (!name.includes("/")) {
    if (ofContainers.has(name) || isHugePages(name)) return;
    report.invalid(name, "must be a standard resource for containers");
  } else if (isForeign(name) && !isExtended(name)) {
    report.invalid(name, "doesn't follow extended resource name standard");
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

/** A container asks for one of its pod's claims, as a whole or for one of its requests (KEP-4381). */
export function validateClaims(
  asked: IResourceRequirements["claims"],
  claims: readonly string[],
  report: Report,
): void {
  const seen = new Set<string>();
  asked?.forEach(({ name, request }, i) => {
    const place = report.at(i);
    if (!name) return place.required();
    const key = request ? `${name}/${request}` : name;
    if (request) place.at("request").named(request, dnsLabel);
    if (seen.has(name)) place.duplicate(name);
    else if (seen.has(key)) place.duplicate(key);
    seen.add(key);
    if (claims.includes(name)) return;
    const known = claims.length > 0 ? `: ${claims.join(", ")}` : " which is empty";
    place.notFound(name, `must be one of the names in pod.spec.resourceClaims${known}`);
  });
}
