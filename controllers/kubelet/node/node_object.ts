/** The Node as the agent describes itself. Pure. */
import type { INode } from "kubernetes-models/v1/Node";
import type { EngineInfo, ImageInfo } from "../../../runtime/engine/mod.ts";
import { folderAnnotation } from "../../local_provisioner/names.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";
import { defaults, type KubeletOptions, kubeletVersion } from "../options.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { NodeAmounts } from "./amounts.ts";
import type { Pressure } from "./eviction_watch.ts";
import { type MachineFacts, mayLowerOomScore } from "./machine.ts";

export type NodeStatus = NonNullable<INode["status"]>;
type NodeCondition = NonNullable<NodeStatus["conditions"]>[number];

export interface NodeFacts {
  readonly options: KubeletOptions;
  readonly machine: MachineFacts;
  readonly configuration: NodeConfiguration;
  readonly amounts: NodeAmounts;
  readonly engine: EngineInfo | undefined;
  readonly images: readonly ImageInfo[];
  readonly serverPort: number;
  /** What keeps the node from running pods, each a sentence; empty: it is ready. */
  readonly problems: readonly string[];
  readonly pressure: Pressure;
  /** Why pods have no control groups of their own. */
  readonly groupsProblem?: string;
  /** Unique names of volumes that must stay attached. */
  readonly volumesInUse: readonly string[];
  readonly before?: NodeStatus;
  readonly now: number;
}

export function nodeObject(facts: Pick<NodeFacts, "options" | "machine" | "configuration">): INode {
  const { options, machine, configuration: { registerWithTaints: taints } } = facts;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: options.nodeName,
      labels: {
        ...options.nodeLabels,
        "kubernetes.io/hostname": options.nodeName,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": machine.architecture,
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": machine.architecture,
      },
      annotations: {
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
        [folderAnnotation]: options.localVolumesDir ?? defaults.localVolumesDir,
      },
    },
    spec: taints.length > 0 ? { taints } : {},
  };
}

export function nodeStatus(facts: NodeFacts): NodeStatus {
  const { options, machine, engine, images, amounts, configuration: { nodeStatusMaxImages } } = facts;
  const named = images.slice().sort((a, b) => b.sizeBytes - a.sizeBytes);
  return {
    addresses: [{ type: "InternalIP", address: options.nodeIp }, { type: "Hostname", address: options.nodeName }],
    capacity: { ...amounts.capacity },
    allocatable: { ...amounts.allocatable },
    conditions: conditions(facts),
    daemonEndpoints: { kubeletEndpoint: { Port: facts.serverPort } },
    images: named.slice(0, nodeStatusMaxImages < 0 ? undefined : nodeStatusMaxImages).map((
      { tags, digests, sizeBytes },
    ) => ({
      names: [...digests, ...tags],
      sizeBytes,
    })),
    volumesInUse: [...facts.volumesInUse],
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootId,
      containerRuntimeVersion: `docker://${engine?.version ?? "unknown"}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion,
      machineID: machine.machineId,
      operatingSystem: "linux",
      osImage: machine.osImage,
      systemUUID: machine.systemUuid,
    },
  };
}

const pressures = {
  MemoryPressure: ["KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
  DiskPressure: ["KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  PIDPressure: ["KubeletHasSufficientPID", "kubelet has sufficient PID available"],
} as const;

const underPressure = {
  MemoryPressure: ["KubeletHasInsufficientMemory", "kubelet has insufficient memory available"],
  DiskPressure: ["KubeletHasDiskPressure", "kubelet has disk pressure"],
  PIDPressure: ["KubeletHasInsufficientPID", "kubelet has insufficient PID available"],
} as const;

function conditions(facts: NodeFacts): NodeCondition[] {
  const types = ["MemoryPressure", "DiskPressure", "PIDPressure"] as const;
  const wanted = types.map((type) => {
    const [reason, message] = (facts.pressure[type] ? underPressure : pressures)[type];
    return { type, status: facts.pressure[type] ? "True" : "False", reason, message };
  });
  return [...wanted, ...missingCapabilities(facts), ...missingGroups(facts), ready(facts)].map((one) =>
    withTimes(facts, one)
  );
}

/** Pods run all the same; conditions say what they do without. */
function missingCapabilities({ machine }: NodeFacts) {
  const { missing } = machine.capabilities;
  if (missing.length === 0) return [];
  const lacking = {
    type: "CapabilitiesMissing",
    status: "True",
    reason: "BoundingSet",
    message:
      `this machine has no ${missing.join(", ")}: privileged containers get all other capabilities, every device ` +
      "by mknod and an unmasked /proc, and /sys to read only",
  };
  if (mayLowerOomScore(machine)) return [lacking];
  const message = "this machine refuses negative oom_score_adj (no CAP_SYS_RESOURCE): " +
    "Guaranteed pods are not spared when memory runs out";
  return [lacking, { type: "OomScoreAdjRefused", status: "True", reason: "MissingCapSysResource", message }];
}

/** Once it was told, its end is told too. */
function missingGroups({ groupsProblem, before }: NodeFacts) {
  const type = "PodCgroupsMissing";
  if (groupsProblem === undefined) {
    const isTold = before?.conditions?.some((one) => one.type === type);
    return isTold ? [{ type, status: "False", reason: "CgroupsWritable", message: "pods have control groups" }] : [];
  }
  const message =
    `pods have no control groups (${groupsProblem}): what limits a pod as a whole holds for each container`;
  return [{ type, status: "True", reason: "CgroupsNotWritable", message }];
}

function ready({ problems }: NodeFacts) {
  if (problems.length === 0) {
    return { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" };
  }
  return { type: "Ready", status: "False", reason: "KubeletNotReady", message: problems.join(", ") };
}

function withTimes({ before, now }: NodeFacts, wanted: Omit<NodeCondition, "lastTransitionTime">): NodeCondition {
  const last = before?.conditions?.find(({ type }) => type === wanted.type);
  const since = last?.status === wanted.status ? last.lastTransitionTime : undefined;
  return { ...wanted, lastHeartbeatTime: rfc3339(now), lastTransitionTime: since ?? rfc3339(now) };
}
