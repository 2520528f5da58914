/** What is wrong with the addresses and ports of one Service, and with one IPAddress. Pure; the words are upstream's. */
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IService } from "kubernetes-models/v1/Service";
import { familyOf, type IpRange, type Stored } from "../../runtime/schema/mod.ts";
import { holds } from "../service_cidr/plan.ts";

export interface Finding {
  readonly reason: string;
  readonly message: string;
  /** The IPAddress is to be made, or made anew. */
  readonly claim?: string;
}

export interface Surroundings {
  readonly ranges: readonly IpRange[];
  /** The IPAddress of that name. */
  readonly claimOf: (address: string) => Stored<IIPAddress> | undefined;
  /** Does that Service hold the address? `key`: namespace/name. */
  readonly isHeld: (key: string, address: string) => boolean;
}

export function addressFindings(service: Stored<IService>, around: Surroundings): Finding[] {
  return addressesOf(service).flatMap((address) => addressFinding(service, address, around) ?? []);
}

function addressFinding(
  { metadata }: Stored<IService>,
  address: string,
  { ranges, claimOf, isHeld }: Surroundings,
): Finding | undefined {
  const family = familyOf(address);
  if (!family) {
    return { reason: "ClusterIPNotValid", message: `Cluster IP ${address} is not a valid IP; please recreate Service` };
  }
  const named = `Cluster IP [${family}]:${address}`;
  if (!holds(ranges, address)) {
    const message = `${named} is not within any configured Service CIDR; please recreate Service`;
    return { reason: "ClusterIPOutOfRange", message };
  }
  const claim = claimOf(address);
  if (!claim) {
    return { reason: "ClusterIPNotAllocated", message: `${named} is not allocated; repairing`, claim: address };
  }
  const holder = parentOf(claim);
  if (holder === `${metadata.namespace}/${metadata.name}`) return undefined;
  if (holder && isHeld(holder, address)) {
    const message = `${named} was assigned to multiple services; please recreate Service`;
    return { reason: "ClusterIPAlreadyAllocated", message };
  }
  return { reason: "ClusterIPNotAllocated", message: `${named} has a wrong reference; repairing`, claim: address };
}

/** `undefined`: it is as it should be. `service`: the one that it names, if it is there. */
export function claimFinding(claim: Stored<IIPAddress>, service: Stored<IService> | undefined): Finding | undefined {
  const { name } = claim.metadata;
  const parent = parentOf(claim);
  if (!parent) {
    const message = `IPAddress ${name} appears to have been modified, not referencing a Service: cleaning up`;
    return { reason: "IPAddressNotAllocated", message };
  }
  if (!service) {
    const message = `IPAddress: ${name} for Service ${parent} appears to have leaked: cleaning up`;
    return { reason: "IPAddressNotAllocated", message };
  }
  if (addressesOf(service).includes(name)) return undefined;
  const message = `IPAddress: ${name} for Service ${parent} has a wrong reference; cleaning up`;
  return { reason: "IPAddressWrongReference", message };
}

/** `namespace/name` of the Service that an IPAddress belongs to. */
export function parentOf({ spec }: IIPAddress): string | undefined {
  const { group = "", resource, namespace, name } = spec?.parentRef ?? {};
  return group === "" && resource === "services" ? `${namespace}/${name}` : undefined;
}

export function addressesOf({ spec }: IService): string[] {
  if (spec?.type === "ExternalName") return [];
  const all = spec?.clusterIPs?.length ? spec.clusterIPs : [spec?.clusterIP];
  return all.filter((ip): ip is string => !!ip && ip !== "None");
}

export function portsOf({ spec }: IService): number[] {
  const ports = [...(spec?.ports ?? []).map(({ nodePort }) => nodePort), spec?.healthCheckNodePort];
  return [...new Set(ports)].filter((port): port is number => !!port);
}

export interface Ports {
  readonly first: number;
  readonly last: number;
  /** Of another Service that was there before. */
  readonly isTaken: (port: number) => boolean;
}

export function portFindings(service: Stored<IService>, { first, last, isTaken }: Ports): Finding[] {
  return portsOf(service).flatMap((port): Finding[] => {
    if (port < first || port > last) {
      const message = `Port ${port} is not within the port range ${first}-${last}; please recreate service`;
      return [{ reason: "PortOutOfRange", message }];
    }
    if (!isTaken(port)) return [];
    const message = `Port ${port} was assigned to multiple services; please recreate service`;
    return [{ reason: "PortAlreadyAllocated", message }];
  });
}
