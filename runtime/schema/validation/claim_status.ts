/** What was found for claims: of storage (PersistentVolumeClaim) and of devices (ResourceClaim, KEP-4381). */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { compareQuantities } from "../quantity.ts";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import type { Report } from "./report.ts";
import { validateNodeSelector } from "./selectors.ts";
import { validateConditions } from "./status_conditions.ts";

const resizing = [
  ...["ControllerResizeInProgress", "ControllerResizeInfeasible"],
  ...["NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"],
];

export function validateClaimStatus({ status }: IPersistentVolumeClaim, _old: unknown, report: Report): void {
  const place = report.at("status");
  validateAmounts(status?.capacity, place.at("capacity"));
  for (const [name, state] of Object.entries(status?.allocatedResourceStatuses ?? {})) {
    // Upstream shows the name where the state is wrong.
    if (!resizing.includes(state)) place.at("allocatedResourceStatuses").notSupported(name, resizing);
  }
  const allocated = place.at("allocatedResources");
  for (const name of Object.keys(status?.allocatedResources ?? {})) {
    if (name !== "storage" && !name.includes("/")) allocated.notSupported(name, ["storage"]);
  }
  validateAmounts(status?.allocatedResources, allocated);
}

function validateAmounts(amounts: Record<string, string | number> | undefined, report: Report): void {
  for (const [name, amount] of Object.entries(amounts ?? {})) {
    if (compareQuantities(amount, 0) < 0) report.key(name).bare(amount, "must be a valid resource quantity");
  }
}

type Claim = IResourceClaim;
type Allocation = NonNullable<NonNullable<Claim["status"]>["allocation"]>;
type Result = NonNullable<NonNullable<Allocation["devices"]>["results"]>[number];

export function validateResourceClaimStatus({ spec, status = {} }: Claim, _old: unknown, report: Report): void {
  const place = report.at("status");
  const { allocation, reservedFor = [], devices = [] } = status;
  const results = allocation?.devices?.results ?? [];
  const names = requestNames(spec);
  results.forEach((result, i) => validateResult(result, names, place.at("allocation", "devices", "results", i)));
  if (allocation?.nodeSelector) {
    const selector = place.at("allocation", "nodeSelector");
    if (!allocation.nodeSelector.nodeSelectorTerms?.length) {
      selector.at("nodeSelectorTerms").required("must have at least one node selector term");
    } else validateNodeSelector(allocation.nodeSelector.nodeSelectorTerms, selector);
  }
  validateConsumers(reservedFor, allocation, place.at("reservedFor"));
  devices.forEach((device, i) => {
    const isAllocated = results.some(({ driver, pool, device: name }) =>
      driver === device.driver && pool === device.pool && name === device.device
    );
    const { driver, pool, device: name } = device;
    const shown = { driver, pool, device: name };
    if (!isAllocated) place.at("devices", i).invalid(shown, "must be an allocated device in the claim");
    validateConditions(device.conditions, place.at("devices", i, "conditions"));
  });
}

function requestNames(spec: Claim["spec"]): string[] {
  return (spec?.devices?.requests ?? []).flatMap(({ name, firstAvailable }) => [
    name,
    ...(firstAvailable ?? []).map((sub) => `${name}/${sub.name}`),
  ]);
}

function validateResult({ request, driver, pool, device }: Result, names: readonly string[], report: Report): void {
  if (!names.includes(request)) {
    const words =
      "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
    report.at("request").invalid(request, words);
  }
  report.at("driver").requiredName(driver, dnsSubdomain);
  if (!pool) report.at("pool").required();
  report.at("device").named(device ?? "", dnsLabel);
}

type Consumer = NonNullable<NonNullable<Claim["status"]>["reservedFor"]>[number];

function validateConsumers(consumers: readonly Consumer[], allocation: Allocation | undefined, report: Report): void {
  if (consumers.length > 0 && !allocation) report.forbidden("may not be specified when `allocated` is not set");
  consumers.forEach(({ resource, name, uid }, i) => {
    const place = report.at(i);
    if (!resource) place.at("resource").required();
    if (!name) place.at("name").required();
    if (!uid) place.at("uid").required();
    else if (consumers.findIndex((other) => other.uid === uid) < i) place.duplicate(uid);
  });
}
