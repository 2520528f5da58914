/**
 * A pod's quality of service, which follows from its requests and limits of cpu and memory: those of the pod as a whole
 * where it names any, else those of its containers. Source: "Pod QoS", KEP-2837.
 */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { compareQuantities } from "../quantity.ts";

type Amounts = Record<string, string | number>;
type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"];

export function qosClassOf(spec: IPodSpec): QosClass {
  const parts = namesAny(spec) ? [spec] : [...spec.containers ?? [], ...spec.initContainers ?? []];
  const asked = parts.map(({ resources }) => ({
    requests: positive(resources?.requests),
    limits: positive(resources?.limits),
  }));
  if (asked.every(({ requests, limits }) => !Object.keys(requests).length && !Object.keys(limits).length)) {
    return "BestEffort";
  }
  return asked.every(({ requests, limits }) => isGuaranteed(requests, limits)) ? "Guaranteed" : "Burstable";
}

function namesAny({ resources }: IPodSpec): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
}

function positive(amounts: Amounts = {}): Amounts {
  const entries = counted.map((name) => [name, amounts[name]] as const);
  return Object.fromEntries(
    entries.filter(([, amount]) => amount !== undefined && compareQuantities(amount, 0) > 0),
  ) as Amounts;
}

function isGuaranteed(requests: Amounts, limits: Amounts): boolean {
  return counted.every((name) => {
    const limit = limits[name];
    return limit !== undefined && (requests[name] === undefined || compareQuantities(requests[name], limit) === 0);
  });
}
