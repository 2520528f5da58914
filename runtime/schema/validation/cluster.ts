/** Namespaces, nodes, events, leases, priorities: the small kinds that make a cluster. */
import type { ILease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
import type { IRuntimeClass } from "kubernetes-models/node.k8s.io/v1/RuntimeClass";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INode } from "kubernetes-models/v1/Node";
import { canonicalQuantity, compareQuantities } from "../quantity.ts";
import { isForeign, isWhole, validateResources } from "./container_resources.ts";
import { goPrinted, taintShape, tolerationShape } from "./go_shape.ts";
import { validateKnownFinalizer, validateLabels } from "./metadata.ts";
import { dnsLabel, labelValueName, qualifiedName } from "./names.ts";
import { validateCidr } from "./numbers.ts";
import { type Report, sameJson } from "./report.ts";
import { validateToleration } from "./scheduling.ts";

export function validateNamespace({ spec }: INamespace, report: Report): void {
  const place = report.at("spec", "finalizers");
  for (const name of spec?.finalizers ?? []) {
    place.named(name, qualifiedName);
    validateKnownFinalizer(name, place);
  }
}

export function validateNode({ spec, status }: INode, report: Report): void {
  validateTaints(spec?.taints ?? [], report.at("metadata", "taints"));
  for (const field of ["capacity", "allocatable"] as const) {
    for (const [name, amount] of Object.entries(status?.[field] ?? {})) {
      validateAmount(name, amount, report.at("status", field, name));
    }
  }
  validatePodCidrs(spec?.podCIDRs ?? [], report.at("spec", "podCIDRs"));
}

type Taint = NonNullable<NonNullable<INode["spec"]>["taints"]>[number];

/** Upstream tells of them as if they stood in the metadata. */
function validateTaints(taints: readonly Taint[], report: Report): void {
  const seen = new Set<string>();
  taints.forEach((taint, i) => {
    const place = report.at(i);
    const { key, value, effect } = taint;
    place.at("key").named(key ?? "", qualifiedName);
    if (value) place.at("value").named(value, labelValueName);
    if (!effect) place.at("effect").required();
    if (seen.has(`${key}:${effect}`)) {
      place.duplicate(goPrinted(taintShape, taint), "taints must be unique by key and effect pair");
    }
    seen.add(`${key}:${effect}`);
  });
}

function validateAmount(name: string, amount: string | number, report: Report): void {
  const shown = canonicalQuantity(amount);
  if (compareQuantities(amount, 0) < 0) report.invalid(shown, "must be greater than or equal to 0");
  else if ((name === "pods" || isForeign(name)) && !isWhole(amount)) report.invalid(shown, "must be an integer");
}

/** A node has one range of an IP family. */
function validatePodCidrs(cidrs: readonly string[], report: Report): void {
  cidrs.forEach((cidr, i) => validateCidr(cidr, report.at(i)));
  const families = cidrs.map((cidr) => cidr.includes(":") ? 6 : 4);
  if (new Set(families).size < cidrs.length) {
    report.invalid(cidrs, "may specify no more than one CIDR for each IP family");
  }
}

export function validateNodeUpdate({ spec }: INode, old: INode, report: Report): void {
  const place = report.at("spec");
  if (old.spec?.podCIDRs?.length && !sameJson(spec?.podCIDRs, old.spec.podCIDRs)) {
    place.at("podCIDRs").forbidden('node updates may not change podCIDR except from "" to valid');
  }
  if (old.spec?.providerID && spec?.providerID !== old.spec.providerID) {
    place.at("providerID").forbidden('node updates may not change providerID except from "" to valid');
  }
}

export function validateLease({ spec }: ILease, report: Report): void {
  const place = report.at("spec");
  const seconds = spec?.leaseDurationSeconds;
  if (seconds !== undefined && seconds <= 0) {
    place.at("leaseDurationSeconds").invalid(seconds, "must be greater than 0");
  }
  place.at("leaseTransitions").nonNegative(spec?.leaseTransitions);
}

const highestUserPriority = 1_000_000_000;

export function validatePriorityClass({ metadata, value }: IPriorityClass, report: Report): void {
  const name = metadata?.name ?? "";
  const isSystem = name === "system-cluster-critical" || name === "system-node-critical";
  if (name.startsWith("system-") && !isSystem) {
    report.at("metadata", "name").forbidden(
      "priority class names with 'system-' prefix are reserved for system use only. error: " +
        `${name} is not a known system priority class`,
    );
  }
  if (!isSystem && (value ?? 0) > highestUserPriority) {
    report.at("value").forbidden(`maximum allowed value of a user defined priority is ${highestUserPriority}`);
  }
}

export function validatePriorityClassUpdate(now: IPriorityClass, old: IPriorityClass, report: Report): void {
  if ((now.value ?? 0) !== (old.value ?? 0)) report.at("value").forbidden("may not be changed in an update.");
  report.at("preemptionPolicy").immutable(now.preemptionPolicy, old.preemptionPolicy);
}

export function validateRuntimeClass({ handler, overhead, scheduling }: IRuntimeClass, report: Report): void {
  report.at("handler").requiredName(handler, dnsLabel);
  validateResources({ limits: overhead?.podFixed }, [], report.at("overhead"));
  validateLabels(scheduling?.nodeSelector, report.at("scheduling", "nodeSelector"));
  const tolerations = report.at("scheduling", "tolerations");
  const seen = new Set<string>();
  scheduling?.tolerations?.forEach((toleration, i) => {
    const shown = goPrinted(tolerationShape, toleration);
    validateToleration(toleration, tolerations.at(i));
    if (seen.has(JSON.stringify(shown))) tolerations.at(i).duplicate(shown);
    seen.add(JSON.stringify(shown));
  });
}

export function validateRuntimeClassUpdate(now: IRuntimeClass, old: IRuntimeClass, report: Report): void {
  report.at("handler").immutable(now.handler, old.handler);
}
