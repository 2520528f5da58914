/**
 * Which pod goes when memory, disk or process ids run short, and in which words. Pure.
 *
 * Source: Kubernetes docs, "Node-pressure Eviction": hard thresholds, and the order in which the kubelet selects pods.
 */
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import { qosClassOf } from "../pod/qos.ts";

export interface Signal {
  /** `memory`, `ephemeral-storage`, `inodes`, `pids`: as the message names it. */
  readonly resource: string;
  readonly available: number;
  readonly threshold: number;
}

export interface Candidate {
  readonly pod: Pod;
  readonly memoryBytes: number;
  readonly processes: number;
}

export interface Eviction {
  readonly pod: Pod;
  readonly message: string;
}

const critical = 2_000_000_000;

/** One at a time: what it frees may be enough. */
export function planEviction(signals: readonly Signal[], candidates: readonly Candidate[]): Eviction | undefined {
  const signal = signals.find(({ available, threshold }) => available < threshold);
  if (!signal) return undefined;
  const [first] = candidates.filter(({ pod }) => !isSpared(pod)).sort((a, b) => before(signal, a, b));
  if (!first) return undefined;
  const { resource, available, threshold } = signal;
  const message = `The node was low on resource: ${resource}. Threshold quantity: ${amount(signal, threshold)}, ` +
    `available: ${amount(signal, available)}. `;
  return { pod: first.pod, message };
}

/** Static pods have nobody to start them elsewhere; critical ones are what the node lives by. */
function isSpared(pod: Pod): boolean {
  if (pod.metadata.deletionTimestamp || ["Succeeded", "Failed"].includes(pod.status?.phase ?? "")) return true;
  if (pod.metadata.annotations?.["kubernetes.io/config.source"]) return true;
  return (specOf(pod).priority ?? 0) >= critical;
}

/** Those above their requests first, then the less important, then who is furthest above. */
function before(signal: Signal, a: Candidate, b: Candidate): number {
  const [overA, overB] = [a, b].map((one) => excess(signal, one)) as [number, number];
  const above = Number(overB > 0) - Number(overA > 0);
  if (above !== 0) return above;
  const priority = (specOf(a.pod).priority ?? 0) - (specOf(b.pod).priority ?? 0);
  return priority !== 0 ? priority : overB - overA;
}

function excess({ resource }: Signal, { pod, memoryBytes, processes }: Candidate): number {
  if (resource === "pids") return processes;
  if (resource === "memory") return memoryBytes - requested(pod);
  // Nobody counts files all the time: best effort goes first.
  return qosClassOf(pod) === "BestEffort" ? 1 : 0;
}

function requested(pod: Pod): number {
  const amounts = specOf(pod).containers.map(({ resources }) => unitsOf(String(resources?.requests?.memory ?? "0")));
  return amounts.reduce((sum, bytes) => sum + bytes, 0);
}

function amount({ resource }: Signal, value: number): string {
  return resource === "inodes" || resource === "pids" ? String(value) : `${Math.floor(value / 1024)}Ki`;
}
