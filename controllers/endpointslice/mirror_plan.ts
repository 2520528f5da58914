/** Hand-written Endpoints as what EndpointSlices must carry. Pure. */
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { IEndpointSubset } from "kubernetes-models/v1/EndpointSubset";
import { Endpoints, type Stored } from "../../runtime/schema/mod.ts";
import type { AddressFamily, EndpointGroup } from "../endpoints/plan.ts";
import { managedByLabel, serviceNameLabel, type SliceFrame } from "./plan.ts";
import { controllerReference } from "../objects/ownership.ts";

export const mirrorManager = "endpointslicemirroring-controller.k8s.io";

/** More addresses of a subset than this are not mirrored (upstream's bound). */
const mostAddresses = 1000;

const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  "endpoints.kubernetes.io/last-change-trigger-time",
]);

export function mirroredFrame(endpoints: Stored<IEndpoints>): SliceFrame {
  const { name, namespace = "", labels = {}, annotations = {} } = endpoints.metadata;
  const kept = Object.entries(annotations).filter(([key]) => !ownAnnotations.has(key));
  return {
    generateName: `${name}-`,
    namespace,
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirrorManager },
    ...(kept.length > 0 ? { annotations: Object.fromEntries(kept) } : {}),
    ownerReferences: [controllerReference(Endpoints, endpoints)],
  };
}

/** Subsets with the same ports are one group; a subset without addresses of the family makes none. */
export function mirroredGroups({ subsets = [] }: IEndpoints, family: AddressFamily): EndpointGroup[] {
  const groups = new Map<string, { ports: EndpointGroup["ports"]; endpoints: IEndpoint[] }>();
  for (const subset of subsets) {
    const members = addressesOf(subset, family);
    if (members.length === 0) continue;
    const ports = (subset.ports ?? []).map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
      ...{ name, port, protocol },
      ...(appProtocol ? { appProtocol } : {}),
    }));
    const id = JSON.stringify(ports);
    const group = groups.get(id) ?? { ports, endpoints: [] };
    group.endpoints.push(...members);
    groups.set(id, group);
  }
  return [...groups.values()];
}

function addressesOf({ addresses = [], notReadyAddresses = [] }: IEndpointSubset, family: AddressFamily): IEndpoint[] {
  const all = [
    ...addresses.map((address) => ({ ...address, ready: true })),
    ...notReadyAddresses.map((address) => ({ ...address, ready: false })),
  ];
  return all.slice(0, mostAddresses).filter(({ ip }) => ip.includes(":") === (family === "IPv6"))
    .map(({ ip, hostname, nodeName, targetRef, ready }) => ({
      addresses: [ip],
      conditions: { ready },
      ...(hostname ? { hostname } : {}),
      ...(nodeName ? { nodeName } : {}),
      ...(targetRef ? { targetRef } : {}),
    }));
}
