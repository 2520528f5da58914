/** The downward API's `resourceFieldRef`: a container's own request or limit in units of a divisor. Pure. */
import { milliOf, unitsOf } from "../../../runtime/schema/quantity.ts";
import type { Container } from "../pod/pod.ts";

export interface ResourceRef {
  readonly resource: string;
  readonly divisor?: string | number;
}

export interface ResourceFacts {
  readonly nodeAllocatable: Readonly<Record<string, string>>;
}

/** Rounded up. A limit that isn't set is what the node can give. */
export function resourceValue(ref: ResourceRef, container: Container, { nodeAllocatable }: ResourceFacts): string {
  const [kind, ...rest] = ref.resource.split(".");
  const name = rest.join(".");
  const { requests = {}, limits = {} } = container.resources ?? {};
  const fallback = kind === "limits" ? nodeAllocatable[name] : limits[name];
  const amount = String((kind === "limits" ? limits : requests)[name] ?? fallback ?? "0");
  const divisor = String(ref.divisor ?? "0");
  return String(divide(name, amount, divisor === "0" ? "1" : divisor));
}

function divide(name: string, amount: string, divisor: string): number {
  const measure = name === "cpu" ? milliOf : unitsOf;
  return Math.ceil(measure(amount) / measure(divisor));
}
