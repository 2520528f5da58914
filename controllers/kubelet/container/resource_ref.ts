/** The downward API's `resourceFieldRef`: a container's request or limit in units of a divisor. Pure. */
import { milliOf, unitsOf } from "../../../runtime/schema/quantity.ts";
import type { Container, Pod } from "../pod/pod.ts";
import { limitsOf } from "./resources.ts";

export interface ResourceRef {
  readonly resource: string;
  readonly divisor?: string | number;
}

export interface ResourceFacts {
  readonly pod: Pod;
  readonly nodeAllocatable: Readonly<Record<string, string>>;
}

/** Rounded up. A limit that isn't set is the pod's as a whole (KEP-2837), or else what the node can give. */
export function resourceValue(ref: ResourceRef, container: Container, facts: ResourceFacts): string {
  const [kind, ...rest] = ref.resource.split(".");
  const name = rest.join(".");
  const { requests = {}, limits = {} } = container.resources ?? {};
  const found = kind === "limits"
    ? limitsOf(facts.pod, container)[name] ?? facts.nodeAllocatable[name]
    : requests[name] ?? limits[name];
  const amount = String(found ?? "0");
  const divisor = String(ref.divisor ?? "0");
  return String(divide(name, amount, divisor === "0" ? "1" : divisor));
}

function divide(name: string, amount: string, divisor: string): number {
  const measure = name === "cpu" ? milliOf : unitsOf;
  return Math.ceil(measure(amount) / measure(divisor));
}
