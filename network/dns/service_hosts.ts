/** The hosts behind a Service's name: one for a cluster IP, one for each ready endpoint of a headless Service. Pure. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import type { ClusterNames } from "./cluster_names.ts";

export interface NamedPort {
  /** Empty for the only, unnamed one. */
  readonly name: string;
  /** `tcp`, `udp`, `sctp` */
  readonly protocol: string;
  readonly port: number;
}

export interface Host {
  /** Label below the Service's name; absent: the Service itself. */
  readonly label?: string;
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
}

export function hostsOf(service: IService, names: ClusterNames): Host[] {
  const { namespace = "", name = "" } = service.metadata ?? {};
  const addresses = clusterIps(service);
  if (addresses.length > 0) {
    const ports = (service.spec?.ports ?? []).map(({ name = "", protocol = "TCP", port }) => ({
      name,
      protocol: protocol.toLowerCase(),
      port,
    }));
    return [{ addresses, ports }];
  }
  return names.slicesOf(namespace, name).flatMap(hostsOfSlice);
}

/** Hosts below the Service's name exist for its endpoints even when it has a cluster IP. */
export function endpointHosts({ metadata }: IService, names: ClusterNames): Host[] {
  return names.slicesOf(metadata?.namespace ?? "", metadata?.name ?? "").flatMap(hostsOfSlice);
}

export function clusterIps({ spec }: IService): string[] {
  return (spec?.clusterIPs ?? [spec?.clusterIP ?? ""]).filter((ip) => ip !== "" && ip !== "None");
}

export function hostsOfSlice({ endpoints = [], ports = [] }: IEndpointSlice): (Host & { label: string })[] {
  const named = ports.flatMap(({ name = "", protocol = "TCP", port }) =>
    port === undefined ? [] : [{ name, protocol: protocol.toLowerCase(), port }]
  );
  return endpoints.filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((address) => ({ label: hostname || dashed(address), addresses: [address], ports: named }))
    );
}

/** `10-244-0-3`, `fd00--3` */
function dashed(address: string): string {
  return address.replaceAll(/[.:]/g, "-");
}
