/** Namespaces, nodes, events, leases, priorities: the small kinds that make a cluster. */
import type { ILease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
import type { IRuntimeClass } from "kubernetes-models/node.k8s.io/v1/RuntimeClass";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { IEvent } from "kubernetes-models/v1/Event";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INode } from "kubernetes-models/v1/Node";
import { validateResources } from "./container_resources.ts";
import { goPrinted, tolerationShape } from "./go_shape.ts";
import { validateKnownFinalizer, validateLabels } from "./metadata.ts";
import { dnsLabel, labelValueName, qualifiedName } from "./names.ts";
import { validateCidr } from "./numbers.ts";
import { type Report, sameJson } from "./report.ts";
import { atLeast, type Check, named, required, rules } from "./rules.ts";
import { validateToleration } from "./scheduling.ts";

export function validateNamespace({ spec }: INamespace, report: Report): void {
  const place = report.at("spec", "finalizers");
  for (const name of spec?.finalizers ?? []) {
    place.named(name, qualifiedName);
    validateKnownFinalizer(name, place);
  }
}

export function validateNode({ spec }: INode, report: Report): void {
  const place = report.at("spec");
  const seen = new Set<string>();
  spec?.taints?.forEach(({ key, value, effect }, i) => {
    const taint = place.at("taints", i);
    taint.at("key").requiredName(key, qualifiedName);
    if (value) taint.at("value").named(value, labelValueName);
    if (!effect) taint.at("effect").required();
    if (seen.has(`${key}:${effect}`)) taint.duplicate({ key, value, effect });
    seen.add(`${key}:${effect}`);
  });
  spec?.podCIDRs?.forEach((cidr, i) => validateCidr(cidr, place.at("podCIDRs", i)));
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

/** Events about cluster-scoped objects live in `default` or `kube-system`. */
export function validateEvent({ metadata, involvedObject }: IEvent, report: Report): void {
  const about = involvedObject?.namespace ?? "";
  const home = metadata?.namespace ?? "";
  const fits = about === "" ? ["", "default", "kube-system"].includes(home) : about === home;
  if (!fits) report.at("involvedObject", "namespace").invalid(about, "does not match event.namespace");
}

const atMostCharacters = (most: number): Check => (value, report) => {
  if (typeof value === "string" && value.length > most) report.invalid(value, `can have at most ${most} characters`);
};

/** Through events.k8s.io/v1 an Event must say more than through v1. */
export const validateNewEvent = rules(
  ["eventTime", required()],
  ["reportingController", required(), named(qualifiedName)],
  ["reportingInstance", required(), atMostCharacters(128)],
  ["action", required(), atMostCharacters(128)],
  ["reason", required(), atMostCharacters(128)],
  ["type", (value, report) => {
    if (value !== "Normal" && value !== "Warning") report.invalid(value ?? "", "has invalid value: " + (value ?? ""));
  }],
  ["note", atMostCharacters(1024)],
  ["series.count", atLeast(2, "should be at least 2")],
  ["series.lastObservedTime", required()],
);

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
