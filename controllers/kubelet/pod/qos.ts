/** Quality of service class of a pod, from its requests and limits of cpu and memory. (Concepts: Pod QoS classes.) */
import { milliOf, unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Container, ownContainersOf, type Pod } from "./pod.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

export function qosClassOf(pod: Pod): QosClass {
  const containers = ownContainersOf(pod);
  if (containers.every((container) => amounts(container).length === 0)) return "BestEffort";
  return containers.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

function amounts({ resources }: Container): string[] {
  const { requests = {}, limits = {} } = resources ?? {};
  return ["cpu", "memory"].flatMap((name) => [requests[name], limits[name]])
    .filter((amount) => amount !== undefined && milliOf(String(amount)) > 0).map(String);
}

function isGuaranteed({ resources }: Container): boolean {
  const { requests = {}, limits = {} } = resources ?? {};
  return ["cpu", "memory"].every((name) => {
    const limit = limits[name];
    const request = requests[name] ?? limit;
    return limit !== undefined && milliOf(String(limit)) === milliOf(String(request));
  });
}

/** How eagerly the kernel ends a container's processes when memory is short (KEP: Node allocatable, oom_score_adj table). */
export function oomScoreAdjOf(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  const qos = qosClassOf(pod);
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const request = unitsOf(String(container.resources?.requests?.memory ?? "0"));
  const score = 1000 - Math.floor(1000 * request / nodeMemoryBytes);
  return Math.min(999, Math.max(3, score));
}
