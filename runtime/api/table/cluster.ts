/** The columns of what the cluster itself is made of: Nodes, Namespaces, configuration, quotas, classes, claims. */
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { ILease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INode } from "kubernetes-models/v1/Node";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IResourceQuota } from "kubernetes-models/v1/ResourceQuota";
import type { IResourceSlice } from "kubernetes-models/resource.k8s.io/v1/ResourceSlice";
import type { IRuntimeClass } from "kubernetes-models/node.k8s.io/v1/RuntimeClass";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { age, column, listed, name, type Printer, printer, wide } from "./cell.ts";

const unknown = "<unknown>";

export const nodes: Printer = printer<INode>(
  name,
  column("Status", nodeStatus),
  column("Roles", nodeRoles),
  age,
  column("Version", ({ status }) => status?.nodeInfo?.kubeletVersion ?? ""),
  wide("Internal-IP", (node) => nodeAddress(node, "InternalIP")),
  wide("External-IP", (node) => nodeAddress(node, "ExternalIP")),
  wide("OS-Image", ({ status }) => status?.nodeInfo?.osImage || unknown),
  wide("Kernel-Version", ({ status }) => status?.nodeInfo?.kernelVersion || unknown),
  wide("Container-Runtime", ({ status }) => status?.nodeInfo?.containerRuntimeVersion || unknown),
);

function nodeStatus({ spec, status }: INode): string {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const words = [ready ? ready.status === "True" ? "Ready" : "NotReady" : "Unknown"];
  if (spec?.unschedulable) words.push("SchedulingDisabled");
  return words.join(",");
}

function nodeRoles({ metadata }: INode): string {
  const prefix = "node-role.kubernetes.io/";
  const roles = Object.entries(metadata?.labels ?? {}).flatMap(([label, value]) => {
    if (label.startsWith(prefix)) return label.slice(prefix.length) || [];
    return label === "kubernetes.io/role" && value ? value : [];
  });
  return listed([...new Set(roles)].sort());
}

function nodeAddress({ status }: INode, wanted: string): string {
  return status?.addresses?.find(({ type }) => type === wanted)?.address ?? "<none>";
}

export const namespaces: Printer = printer<INamespace>(
  name,
  column("Status", ({ status }) => status?.phase ?? ""),
  age,
);

const count = (map: object | undefined) => Object.keys(map ?? {}).length;

export const configMaps: Printer = printer<IConfigMap>(
  name,
  column("Data", ({ data, binaryData }) => count(data) + count(binaryData)),
  age,
);

export const secrets: Printer = printer<ISecret>(
  name,
  column("Type", ({ type }) => type ?? ""),
  column("Data", ({ data }) => count(data)),
  age,
);

export const resourceQuotas: Printer = printer<IResourceQuota>(
  name,
  column("Request", (quota) => usage(quota, (resource) => !resource.startsWith("limits"))),
  column("Limit", (quota) => usage(quota, (resource) => resource.startsWith("limits"))),
  age,
);

function usage({ status }: IResourceQuota, shown: (resource: string) => boolean): string {
  const hard = Object.entries(status?.hard ?? {}).filter(([resource]) => shown(resource)).sort();
  return hard.map(([resource, limit]) => `${resource}: ${status?.used?.[resource] ?? 0}/${limit}`).join(", ");
}

interface ComponentStatus {
  conditions?: { type: string; status: string; message?: string; error?: string }[];
}

const healthy = ({ conditions }: ComponentStatus) => conditions?.find(({ type }) => type === "Healthy");

export const componentStatuses: Printer = printer<ComponentStatus>(
  name as never,
  column("Status", (component) => {
    const { status } = healthy(component) ?? {};
    return status === "True" ? "Healthy" : status === "False" ? "Unhealthy" : "Unknown";
  }),
  column("Message", (component) => healthy(component)?.message ?? ""),
  column("Error", (component) => healthy(component)?.error ?? ""),
);

export const leases: Printer = printer<ILease>(
  name,
  column("Holder", ({ spec }) => spec?.holderIdentity ?? ""),
  age,
);

export const priorityClasses: Printer = printer<IPriorityClass>(
  name,
  column("Value", ({ value }) => value ?? 0, "integer"),
  column("Global-Default", ({ globalDefault }) => globalDefault ?? false, "boolean"),
  age,
  column("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
);

export const runtimeClasses: Printer = printer<IRuntimeClass>(name, column("Handler", ({ handler }) => handler), age);

export const resourceClaims: Printer = printer<IResourceClaim>(name, column("State", claimState), age);

function claimState({ metadata, status }: IResourceClaim): string {
  const states: string[] = [];
  if (metadata?.deletionTimestamp) states.push("deleted");
  if (status?.allocation) states.push("allocated");
  if ((status?.reservedFor?.length ?? 0) > 0) states.push("reserved");
  return listed(states, "pending");
}

export const resourceSlices: Printer = printer<IResourceSlice>(
  name,
  column("Node", ({ spec }) => spec?.nodeName ?? (spec?.allNodes ? "<all>" : "")),
  column("Driver", ({ spec }) => spec?.driver ?? ""),
  column("Pool", ({ spec }) => spec?.pool?.name ?? ""),
  age,
);
