/** How eagerly the kernel ends a container's processes when memory is short. Pure. (Node-pressure Eviction; KEP-2837) */
import { qosClassOf } from "../../../runtime/schema/mod.ts";
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Container, lastingContainersOf, type Pod, specOf } from "./pod.ts";

/** `oom_score_adj` of -997 to 1000: the more of the node's memory was asked for, the less eagerly. */
export function oomScoreAdjOf(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  const qos = qosClassOf(specOf(pod));
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const request = memoryRequest(container) + remainderEach(pod);
  const score = 1000 - Math.floor(1000 * request / nodeMemoryBytes);
  return Math.min(999, Math.max(3, score));
}

/** What the pod as a whole asks for beyond its containers is theirs in equal parts. */
function remainderEach(pod: Pod): number {
  const containers = lastingContainersOf(pod);
  const asked = containers.reduce((sum, container) => sum + memoryRequest(container), 0);
  return Math.max(0, memoryRequest(specOf(pod)) - asked) / containers.length;
}

function memoryRequest({ resources }: Pick<Container, "resources">): number {
  return unitsOf(String(resources?.requests?.memory ?? "0"));
}
