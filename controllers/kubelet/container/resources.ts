/** Requests and limits as cgroup figures. Pure. */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { milliOf, unitsOf } from "../../../runtime/schema/quantity.ts";
import type { Container } from "../pod/pod.ts";

const sharesPerCpu = 1024;
const minShares = 2;
const maxShares = 262144;
const periodMicroseconds = 100_000;
const minQuotaMicroseconds = 1000;

/** A limit without a request is a request of the same size. */
export function cgroupLimits({ resources }: Container): ResourceLimits {
  const { requests = {}, limits = {} } = resources ?? {};
  const cpuRequest = milliOf(String(requests.cpu ?? limits.cpu ?? "0"));
  const cpuLimit = milliOf(String(limits.cpu ?? "0"));
  const memoryLimit = unitsOf(String(limits.memory ?? "0"));
  return {
    cpuShares: Math.min(maxShares, Math.max(minShares, Math.floor((cpuRequest * sharesPerCpu) / 1000))),
    ...(cpuLimit > 0 && { cpuPeriod: periodMicroseconds, cpuQuota: quotaOf(cpuLimit) }),
    ...(memoryLimit > 0 && { memoryBytes: memoryLimit }),
  };
}

function quotaOf(milliCpu: number): number {
  return Math.max(minQuotaMicroseconds, Math.floor((milliCpu * periodMicroseconds) / 1000));
}
