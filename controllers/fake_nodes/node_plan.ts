/** A Node without a machine, as its kubelet would describe it. Pure. Source: v1 Node, NodeStatus. */
import type { INode } from "kubernetes-models/v1/Node";
import type { Stored } from "../../runtime/schema/mod.ts";
import { timestamp } from "../objects/conditions.ts";

export type NodeObject = Stored<INode>;
type NodeStatus = NonNullable<INode["status"]>;

/** A Node with the value `fake` is played. */
export const fakeLabel = "d8s.io/node";

const size = { cpu: "32", memory: "256Gi", "ephemeral-storage": "1Ti", pods: "110" };

const conditions = [
  ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "this node is fake: its pods run nothing"],
] as const;

/** `fake-0`, `fake-1`, ... */
export function fakeNodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `fake-${index}`);
}

export function isFake({ metadata }: NodeObject): boolean {
  return metadata.labels?.[fakeLabel] === "fake";
}

export function fakeNode(name: string): INode {
  const labels = {
    [fakeLabel]: "fake",
    "kubernetes.io/hostname": name,
    "kubernetes.io/os": "linux",
    "kubernetes.io/arch": "amd64",
  };
  const addresses = [{ type: "InternalIP", address: addressOf(name) }, { type: "Hostname", address: name }];
  return { apiVersion: "v1", kind: "Node", metadata: { name, labels }, status: { addresses } };
}

/** Of 198.18.0.0/15, which nobody's network uses (RFC 2544): the number in its name says which one. */
function addressOf(name: string): string {
  const number = Number(name.slice(name.lastIndexOf("-") + 1)) + 1;
  return `198.${18 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
}

/**
 * Undefined when it says all there is to say. What whoever made the Node wrote (size, addresses) stays. There is no
 * kubelet endpoint, which is how the API server knows that nobody could be asked for logs.
 */
export function readyStatus(node: NodeObject, now: number): NodeStatus | undefined {
  const { status = {} } = node;
  const holds = conditions.every(([type, wanted]) =>
    status.conditions?.some((condition) => condition.type === type && condition.status === wanted)
  );
  if (holds) return undefined;
  const at = timestamp(now);
  const others = (status.conditions ?? []).filter(({ type }) => !conditions.some(([ours]) => ours === type));
  const ours = conditions.map(([type, wanted, reason, message]) => {
    const before = status.conditions?.find((condition) => condition.type === type);
    const since = before?.status === wanted ? before.lastTransitionTime : at;
    return { type, status: wanted, reason, message, lastHeartbeatTime: at, lastTransitionTime: since };
  });
  const { name } = node.metadata;
  return {
    ...status,
    addresses: status.addresses ?? [{ type: "Hostname", address: name }],
    capacity: status.capacity ?? size,
    allocatable: status.allocatable ?? status.capacity ?? size,
    conditions: [...others, ...ours],
    nodeInfo: { ...nodeInfo, machineID: name, systemUUID: name, bootID: name },
  };
}

const nodeInfo = {
  architecture: "amd64",
  containerRuntimeVersion: "fake://1",
  kernelVersion: "fake",
  kubeProxyVersion: "",
  kubeletVersion: "v1.36.0",
  operatingSystem: "linux",
  osImage: "fake",
};
