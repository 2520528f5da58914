/**
 * What is said of a node by how long it has been silent, and the taints that follow from its conditions. Pure.
 *
 * Source: "Node status" and "Taint based evictions" (https://kubernetes.io/docs/reference/node/node-status/,
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions).
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { INodeCondition } from "kubernetes-models/v1/NodeCondition";
import type { ITaint } from "kubernetes-models/v1/Taint";
import type { Stored } from "../../runtime/schema/mod.ts";
import { timestamp } from "../objects/conditions.ts";

export type NodeObject = Stored<INode>;

/** A node that was silent for longer is unknown. */
export const graceMs = 40_000;

const watched = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

const stopped = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
const never = { reason: "NodeStatusNeverUpdated", message: "Kubelet never posted node status." };

/** Conditions of a silent node: what was known is not known any more; what is unknown already stays untouched. */
export function silentConditions(node: NodeObject, now: number): INodeCondition[] {
  const before = node.status?.conditions ?? [];
  const at = timestamp(now);
  const kept = before.map((condition) =>
    watched.includes(condition.type) && condition.status !== "Unknown"
      ? { ...condition, status: "Unknown", ...stopped, lastTransitionTime: at }
      : condition
  );
  const missing = watched.filter((type) => !before.some((condition) => condition.type === type));
  const { creationTimestamp } = node.metadata;
  const added = missing.map((type) => ({
    type,
    status: "Unknown",
    ...never,
    lastHeartbeatTime: creationTimestamp,
    lastTransitionTime: at,
  }));
  return [...kept, ...added];
}

/** A taint that the life cycle owns: condition, its value, key. */
const conditionTaints: readonly (readonly [string, string, string])[] = [
  ["Ready", "False", "node.kubernetes.io/not-ready"],
  ["Ready", "Unknown", "node.kubernetes.io/unreachable"],
  ["MemoryPressure", "True", "node.kubernetes.io/memory-pressure"],
  ["DiskPressure", "True", "node.kubernetes.io/disk-pressure"],
  ["PIDPressure", "True", "node.kubernetes.io/pid-pressure"],
  ["NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"],
];

const executing = new Set(["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"]);

const unschedulable = "node.kubernetes.io/unschedulable";

const owned = new Set([unschedulable, ...conditionTaints.map(([, , key]) => key)]);

export function isExecuting({ key, effect }: ITaint): boolean {
  return effect === "NoExecute" && executing.has(key);
}

/** All taints that the node should carry; `timeAdded` of those that stay is kept: evictions count from it. */
export function taintsOf(node: NodeObject, conditions: readonly INodeCondition[], now: number): ITaint[] {
  const before = node.spec?.taints ?? [];
  const due: ITaint[] = [];
  for (const [type, status, key] of conditionTaints) {
    if (!conditions.some((condition) => condition.type === type && condition.status === status)) continue;
    due.push({ key, effect: "NoSchedule", timeAdded: timestamp(now) });
    if (executing.has(key)) due.push({ key, effect: "NoExecute", timeAdded: timestamp(now) });
  }
  if (node.spec?.unschedulable) due.push({ key: unschedulable, effect: "NoSchedule", timeAdded: timestamp(now) });
  const foreign = before.filter(({ key, effect }) => !owned.has(key) || effect === "PreferNoSchedule");
  const kept = due.map((taint) =>
    before.find(({ key, effect }) => key === taint.key && effect === taint.effect) ?? taint
  );
  return [...foreign, ...kept];
}
