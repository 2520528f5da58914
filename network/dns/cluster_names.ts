/** What DNS must know of the cluster, found by key and not by search. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import type { Informers } from "../../runtime/loop/mod.ts";
import { EndpointSlice, Namespace, Service } from "../../runtime/schema/mod.ts";

export interface ClusterNames {
  hasNamespace(name: string): boolean;
  service(namespace: string, name: string): IService | undefined;
  slicesOf(namespace: string, service: string): readonly IEndpointSlice[];
  servicesAt(address: string): readonly IService[];
  slicesAt(address: string): readonly IEndpointSlice[];
}

export const serviceNameLabel = "kubernetes.io/service-name";

/** Answers from the informers' own copies, so that there is nothing to keep in step. */
export function clusterNames(informers: Informers): ClusterNames {
  const namespaces = informers.of(Namespace);
  const services = informers.of(Service);
  const slices = informers.of(EndpointSlice);
  services.addIndex("dns/address", ({ spec }) => spec?.clusterIPs ?? (spec?.clusterIP ? [spec.clusterIP] : []));
  slices.addIndex(
    "dns/service",
    ({ metadata }) => [`${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ""}`],
  );
  slices.addIndex("dns/address", ({ endpoints = [] }) => endpoints.flatMap(({ addresses }) => addresses));
  return {
    hasNamespace: (name) => namespaces.get(name) !== undefined,
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    slicesOf: (namespace, service) => slices.by("dns/service", `${namespace}/${service}`),
    servicesAt: (address) => services.by("dns/address", address),
    slicesAt: (address) => slices.by("dns/address", address),
  };
}
