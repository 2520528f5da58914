/**
 * Requests and limits of a container as cgroup figures. Pure.
 *
 * What the pod asks for as a whole holds for each container that says nothing itself (`spec.resources`, KEP-2837), and for all
 * of them together in the pod's own group, where it has one.
 */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { milliOf, unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Container, lastingContainersOf, type Pod, specOf } from "../pod/pod.ts";

const sharesPerCpu = 1024;
const minShares = 2;
const maxShares = 262144;
export const periodMicroseconds = 100_000;
const minQuotaMicroseconds = 1000;

type Amounts = Readonly<Record<string, string | number>>;

/** The container's own, and the pod's for what it doesn't limit itself. */
export function limitsOf(pod: Pod, { resources }: Container): Amounts {
  return { ...specOf(pod).resources?.limits, ...resources?.limits };
}

/** A limit without a request is a request of the same size. */
export function cgroupLimits(pod: Pod, container: Container): ResourceLimits {
  const limits = limitsOf(pod, container);
  const requests: Amounts = {
    ...specOf(pod).resources?.requests,
    ...container.resources?.limits,
    ...container.resources?.requests,
  };
  const cpuRequest = milliOf(String(requests.cpu ?? limits.cpu ?? "0"));
  const cpuLimit = milliOf(String(limits.cpu ?? "0"));
  const memoryLimit = unitsOf(String(limits.memory ?? "0"));
  return {
    cpuShares: sharesOf(cpuRequest),
    ...(cpuLimit > 0 && { cpuPeriod: periodMicroseconds, cpuQuota: quotaOf(cpuLimit) }),
    ...(memoryLimit > 0 && { memoryBytes: memoryLimit }),
  };
}

/** Which limits of the pod as a whole its containers may get beyond together, where the pod has no group of its own. */
export function unheldLimits(pod: Pod): string[] {
  const whole = Object.entries(specOf(pod).resources?.limits ?? {});
  const all = lastingContainersOf(pod).map((container) => limitsOf(pod, container));
  return whole.filter(([name, limit]) => {
    const together = all.reduce((sum, limits) => sum + milliOf(String(limits[name])), 0);
    return together > milliOf(String(limit));
  }).map(([name]) => name);
}

export function sharesOf(milliCpu: number): number {
  return Math.min(maxShares, Math.max(minShares, Math.floor((milliCpu * sharesPerCpu) / 1000)));
}

export function quotaOf(milliCpu: number): number {
  return Math.max(minQuotaMicroseconds, Math.floor((milliCpu * periodMicroseconds) / 1000));
}
