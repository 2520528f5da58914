/** What upstream fills in for slices, policies and ingress classes. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IIngressClass } from "kubernetes-models/networking.k8s.io/v1/IngressClass";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { fill } from "./fill.ts";

export function defaultEndpointSlice({ ports }: IEndpointSlice): void {
  for (const port of ports ?? []) fill(port, { name: "", protocol: "TCP" });
}

export function defaultIngressClass({ spec }: IIngressClass): void {
  if (spec?.parameters) fill(spec.parameters, { scope: "Cluster" });
}

/** A policy that says nothing of its types is about ingress, and about egress when it has such rules. */
export function defaultNetworkPolicy({ spec }: INetworkPolicy): void {
  if (!spec) return;
  for (const rule of [...spec.ingress ?? [], ...spec.egress ?? []]) {
    for (const port of rule.ports ?? []) fill(port, { protocol: "TCP" });
  }
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
}
