/**
 * How pods find DNS: Service `kube-system/kube-dns` at a fixed cluster IP, without a selector, and one EndpointSlice for
 * each node that answers. The values, and what of them has gone. Pure.
 */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { INode } from "kubernetes-models/v1/Node";
import type { IService } from "kubernetes-models/v1/Service";
import { serviceNameLabel } from "./cluster_names.ts";

export const namespace = "kube-system";
export const serviceName = "kube-dns";
const managedBy = { "endpointslice.kubernetes.io/managed-by": "dns.d8s.io" };

/** The tenth address of the range, by custom. */
export function dnsClusterIp(serviceCidr: string): string {
  const parts = serviceCidr.split("/")[0]!.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) {
    throw new RangeError(`service range "${serviceCidr}" is not an IPv4 CIDR`);
  }
  const number = parts.reduce((sum, part) => sum * 256 + part, 0) + 10;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}

export function dnsService(clusterIp: string): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: serviceName,
      namespace,
      labels: { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
    },
    spec: {
      clusterIP: clusterIp,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  };
}

export interface DnsEndpoint {
  readonly node: INode;
  readonly address: string;
  readonly port: number;
}

/** The node is its owner and its hint: pods ask their own node, and the garbage collector clears up behind it. */
export function dnsSlice({ node, address, port }: DnsEndpoint): IEndpointSlice {
  const { name = "", uid = "" } = node.metadata ?? {};
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: `${serviceName}-${name}`,
      namespace,
      labels: { [serviceNameLabel]: serviceName, ...managedBy },
      ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }],
    },
    addressType: "IPv4",
    ports: [{ name: "dns", port, protocol: "UDP" }, { name: "dns-tcp", port, protocol: "TCP" }],
    endpoints: [{
      addresses: [address],
      nodeName: name,
      conditions: { ready: true, serving: true, terminating: false },
      hints: { forNodes: [{ name }] },
    }],
  };
}

/** Our slices of nodes that are gone. */
export function goneSlices<S extends IEndpointSlice>(slices: readonly S[], hasNode: (name: string) => boolean): S[] {
  return slices.filter(({ metadata, endpoints = [] }) =>
    Object.entries(managedBy).every(([label, value]) => metadata?.labels?.[label] === value) &&
    !endpoints.some(({ nodeName }) => nodeName !== undefined && hasNode(nodeName))
  );
}
