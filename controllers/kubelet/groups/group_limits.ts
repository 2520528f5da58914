/**
 * What a pod, a class of pods and all pods of the node may use. Pure.
 *
 * Source: KEP-2837 and KEP-1287 for pods; Kubernetes docs, "Reserve Compute Resources for System Daemons", for the node.
 */
import type { ResourceLimits } from "../../../runtime/engine/mod.ts";
import { qosClassOf } from "../../../runtime/schema/mod.ts";
import { podLimits, podRequests } from "../../scheduler/pod_requests.ts";
import { periodMicroseconds, quotaOf, sharesOf } from "../container/resources.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";
import { reservableAmounts } from "../node/amounts.ts";
import type { MachineFacts } from "../node/machine.ts";
import { isTerminal, type Pod, specOf } from "../pod/pod.ts";

export function podGroupLimits(pod: Pod, { podPidsLimit }: Pick<NodeConfiguration, "podPidsLimit">): ResourceLimits {
  const { cpu = 0, memory = 0 } = podLimits(specOf(pod));
  return {
    cpuShares: sharesOf(podRequests(specOf(pod)).cpu ?? 0),
    ...(cpu > 0 && { cpuPeriod: periodMicroseconds, cpuQuota: quotaOf(cpu) }),
    ...(memory > 0 && { memoryBytes: memory }),
    ...(podPidsLimit > 0 && { pids: podPidsLimit }),
  };
}

/** Pods that promise nothing get what is left; of the others each counts by what all of them ask for. */
export function qosGroupLimits(pods: readonly Pod[]): { burstable: ResourceLimits; besteffort: ResourceLimits } {
  const asked = pods.filter((pod) => !isTerminal(pod) && qosClassOf(specOf(pod)) === "Burstable")
    .reduce((sum, pod) => sum + (podRequests(specOf(pod)).cpu ?? 0), 0);
  return { burstable: { cpuShares: sharesOf(asked) }, besteffort: { cpuShares: sharesOf(0) } };
}

/** Without what is reserved for the machine. Memory is held to it if the configuration enforces that. */
export function topGroupLimits(machine: MachineFacts, configuration: NodeConfiguration): ResourceLimits {
  const { cpu = 0, memory = 0 } = reservableAmounts(machine, configuration);
  const enforced = configuration.enforceNodeAllocatable.includes("pods");
  return { cpuShares: sharesOf(cpu), ...(enforced && { memoryBytes: memory }) };
}

/** Limits under which both those that were and those that will be hold. Shares have no order. */
export function widened(wanted: ResourceLimits, present: ResourceLimits): ResourceLimits {
  const cpu = larger(wanted.cpuQuota, present.cpuQuota);
  const memory = larger(wanted.memoryBytes, present.memoryBytes);
  return {
    cpuShares: wanted.cpuShares,
    ...(cpu !== undefined && { cpuPeriod: periodMicroseconds, cpuQuota: cpu }),
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(wanted.pids !== undefined && { pids: wanted.pids }),
  };
}

/** Absent is without end. */
function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(a, b);
}
