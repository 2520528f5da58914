/**
 * Which pod goes when memory, disk or process ids run short, and in which words. Pure.
 *
 * Source: Kubernetes docs, "Node-pressure Eviction": the order in which the kubelet selects pods.
 */
import { amountsOf } from "../../scheduler/amounts.ts";
import { podRequests } from "../../scheduler/pod_requests.ts";
import { type SignalName, unitsAt } from "../configuration/thresholds.ts";
import { isCritical, type Standing } from "../pod/critical.ts";
import { isTerminal, ownContainersOf, type Pod, specOf } from "../pod/pod.ts";
import type { Crossing } from "./eviction_watch.ts";

export interface ContainerUse {
  readonly name: string;
  readonly memoryBytes: number;
  readonly processes: number;
  /** What it wrote: its own layer and its logs. */
  readonly diskBytes: number;
}

export interface Candidate extends Standing {
  readonly containers: readonly ContainerUse[];
  /** In its emptyDir volumes on disk. */
  readonly volumeBytes: number;
}

export interface Eviction {
  readonly pod: Pod;
  readonly message: string;
}

type Resource = "memory" | "ephemeral-storage" | "inodes" | "pids";

/** How messages name what runs short. */
const resources: Readonly<Record<SignalName, Resource>> = {
  "memory.available": "memory",
  "nodefs.available": "ephemeral-storage",
  "nodefs.inodesFree": "inodes",
  "imagefs.available": "ephemeral-storage",
  "imagefs.inodesFree": "inodes",
  "pid.available": "pids",
};

/** One at a time: what it frees may be enough. */
export function planEviction(crossing: Crossing, candidates: readonly Candidate[]): Eviction | undefined {
  const resource = resources[crossing.threshold.signal];
  const [first] = candidates.filter((one) => !isSpared(one)).sort((a, b) => before(resource, a, b));
  return first && { pod: first.pod, message: messageOf(crossing, resource, first) };
}

/** Critical, or going already. */
export function isSpared({ pod, isStatic }: Standing): boolean {
  return pod.metadata.deletionTimestamp !== undefined || isTerminal(pod) || isCritical({ pod, isStatic });
}

/** Those above their requests first, then the less important, then who is furthest above. */
function before(resource: Resource, a: Candidate, b: Candidate): number {
  const [overA, overB] = [a, b].map((one) => excess(resource, one)) as [number, number];
  const above = resource === "pids" ? 0 : Number(overB > 0) - Number(overA > 0);
  if (above !== 0) return above;
  const priority = (specOf(a.pod).priority ?? 0) - (specOf(b.pod).priority ?? 0);
  return priority !== 0 ? priority : overB - overA;
}

/** Nobody counts the files of a pod: who has written most is taken to have made most of them. */
function excess(resource: Resource, { pod, containers, volumeBytes }: Candidate): number {
  const sum = (pick: (one: ContainerUse) => number) => containers.reduce((total, one) => total + pick(one), 0);
  if (resource === "pids") return sum(({ processes }) => processes);
  const requests = podRequests(specOf(pod));
  if (resource === "memory") return sum(({ memoryBytes }) => memoryBytes) - (requests.memory ?? 0);
  return volumeBytes + sum(({ diskBytes }) => diskBytes) - (requests["ephemeral-storage"] ?? 0);
}

function messageOf({ threshold, observation }: Crossing, resource: Resource, { pod, containers }: Candidate): string {
  const { available, capacity } = observation;
  const level = amount(resource, unitsAt(threshold.level, capacity));
  const short = `The node was low on resource: ${resource}. Threshold quantity: ${level}, ` +
    `available: ${amount(resource, available)}. `;
  return short + containers.map((one) => consumption(resource, pod, one)).join("");
}

function consumption(resource: Resource, pod: Pod, { name, memoryBytes, diskBytes }: ContainerUse): string {
  if (resource !== "memory" && resource !== "ephemeral-storage") return "";
  const used = resource === "memory" ? memoryBytes : diskBytes;
  const requests = ownContainersOf(pod).find((one) => one.name === name)?.resources?.requests ?? {};
  if (used <= (amountsOf(requests)[resource] ?? 0)) return "";
  return `Container ${name} was using ${amount(resource, used)}, request is ${requests[resource] ?? 0}, ` +
    `has larger consumption of ${resource}. `;
}

function amount(resource: Resource, value: number): string {
  const isCount = resource === "inodes" || resource === "pids";
  return isCount ? String(Math.floor(value)) : `${Math.floor(value / 1024)}Ki`;
}
