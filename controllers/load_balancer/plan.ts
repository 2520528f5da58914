/**
 * Which addresses of nodes a Service of type LoadBalancer is reached at. Pure.
 *
 * Laws: a port of the nodes belongs to one Service at a time, and who has it keeps it; with policy Local only nodes with a
 * ready endpoint count; a node that is not ready, or wants to be left out, does not.
 *
 * Source: core/v1 `ServiceStatus.loadBalancer`, label `node.kubernetes.io/exclude-from-external-load-balancers`.
 */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { INode } from "kubernetes-models/v1/Node";
import type { ILoadBalancerIngress } from "kubernetes-models/v1/LoadBalancerIngress";
import { keyOf, type Stored } from "../../runtime/schema/mod.ts";
import { type AddressFamily, familiesOf, type ServiceObject } from "../endpoints/plan.ts";
import { conditionOf } from "../objects/conditions.ts";

type NodeObject = Stored<INode>;

const excluded = "node.kubernetes.io/exclude-from-external-load-balancers";

/** Another class of balancer has a loop of its own. */
export function isOurs({ spec, metadata }: ServiceObject): boolean {
  return spec?.type === "LoadBalancer" && !spec.loadBalancerClass && !metadata.deletionTimestamp;
}

export function needsServingNodes({ spec }: ServiceObject): boolean {
  return spec?.externalTrafficPolicy === "Local";
}

/** What of a node decides about its addresses. */
export function nodeFacts({ metadata, status }: NodeObject): unknown[] {
  const ready = conditionOf(status?.conditions, "Ready")?.status === "True";
  return [status?.addresses, ready, metadata.labels?.[excluded], metadata.deletionTimestamp !== undefined];
}

/** Sorted, family by family. */
export function ingressOf(service: ServiceObject, nodes: readonly NodeObject[]): ILoadBalancerIngress[] {
  const able = nodes.filter((node) =>
    conditionOf(node.status?.conditions, "Ready")?.status === "True" && !node.metadata.deletionTimestamp &&
    node.metadata.labels?.[excluded] === undefined
  );
  const addresses = familiesOf(service).flatMap((family) =>
    able.flatMap((node) => addressOf(node, family) ?? []).sort()
  );
  return [...new Set(addresses)].map((ip) => ({ ip, ipMode: "VIP" }));
}

/** What is meant for the outside is better. */
function addressOf({ status }: NodeObject, family: AddressFamily): string | undefined {
  const ofFamily = status?.addresses?.filter(({ address }) => (family === "IPv6") === address.includes(":"));
  return (ofFamily?.find(({ type }) => type === "ExternalIP") ?? ofFamily?.find(({ type }) => type === "InternalIP"))
    ?.address;
}

/** Names of the nodes on which traffic finds an endpoint. */
export function servingNodes(slices: readonly IEndpointSlice[]): Set<string> {
  const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) =>
    conditions?.ready !== false
  );
  return new Set(ready.flatMap(({ nodeName }) => nodeName ?? []));
}

export interface PortRivals {
  readonly services: readonly ServiceObject[];
  /** `port/protocol` of what the nodes themselves need, and who needs it. */
  readonly reserved: ReadonlyMap<string, string>;
}

/** Why the Service gets no address: somebody else has one of its ports. */
export function refusalOf(service: ServiceObject, { services, reserved }: PortRivals): string | undefined {
  const ports = portsOf(service);
  for (const port of ports) {
    const owner = reserved.get(port);
    if (owner) return `port ${port} of the nodes is ${owner}'s`;
  }
  for (const other of services) {
    if (!isOurs(other) || keyOf(other) === keyOf(service) || !isBefore(other, service)) continue;
    const shared = portsOf(other).find((port) => ports.includes(port));
    if (shared) return `port ${shared} of the nodes is taken by Service ${keyOf(other)}`;
  }
}

export function portsOf({ spec }: ServiceObject): string[] {
  return (spec?.ports ?? []).map(({ port, protocol = "TCP" }) => `${port}/${protocol}`);
}

export function hasIngress({ status }: ServiceObject): boolean {
  return (status?.loadBalancer?.ingress?.length ?? 0) > 0;
}

function isBefore(a: ServiceObject, b: ServiceObject): boolean {
  if (hasIngress(a) !== hasIngress(b)) return hasIngress(a);
  const since = (service: ServiceObject) => Date.parse(service.metadata.creationTimestamp ?? "");
  return since(a) < since(b) || since(a) === since(b) && keyOf(a) < keyOf(b);
}
