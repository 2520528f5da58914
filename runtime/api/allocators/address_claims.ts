/**
 * IPAddress objects: who holds which address of the service ranges. Making one is the claim, because of one name there is
 * one object, whoever asks which API server.
 *
 * Laws: a claim belongs to the name of a Service: a second write of the same Service takes it over, so that one which died
 * between claim and write is finished by whoever tries again. A claim is given up only while that Service does not hold
 * the address. What was left behind all the same is taken away by the `service-ip-repair` loop.
 */
import { type IpFamily, isReason, type KubeObject, type Stored } from "../../schema/mod.ts";
import { apiServerUser } from "../bootstrap/ensure.ts";
import { createDecoded } from "../objects/create.ts";
import { remove } from "../objects/delete.ts";
import { cacheOf, type Machinery } from "../objects/machinery.ts";
import { type ServiceSpec, specOf } from "./service.ts";

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

const call = { user: apiServerUser, fieldManager: "kube-apiserver" };

function rowOf({ registry }: Machinery) {
  return registry.find("networking.k8s.io", "v1", "ipaddresses")!;
}

export function isClaimed(m: Machinery, address: string): boolean {
  return cacheOf(m, rowOf(m)).get(address) !== undefined;
}

/** Is the address the Service's now? */
export async function claim(
  m: Machinery,
  address: string,
  family: IpFamily,
  service: ServiceName,
): Promise<boolean> {
  const object = ipAddress(address, family, service);
  try {
    await createDecoded(m, { resource: rowOf(m), namespace: "" }, object, call);
    return true;
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
    return isOf(cacheOf(m, rowOf(m)).get(address)?.object, service);
  }
}

/** Nothing happens when the Service holds the address after all, or it is somebody else's. */
export async function giveUp(m: Machinery, address: string, service: ServiceName): Promise<void> {
  const services = m.registry.find("", "v1", "services")!;
  const live = cacheOf(m, services).get(`${service.namespace}/${service.name}`)?.object;
  if (live && addressesOf(specOf(live)).includes(address)) return;
  if (!isOf(cacheOf(m, rowOf(m)).get(address)?.object, service)) return;
  try {
    await remove(m, { resource: rowOf(m), namespace: "", name: address }, call);
  } catch (error) {
    if (!isReason(error, "NotFound")) throw error;
  }
}

/** Gives every Service that was stored before there were claims its own. */
export async function claimStored(m: Machinery): Promise<void> {
  const services = m.registry.find("", "v1", "services")!;
  for (const { object: { metadata, spec } } of cacheOf(m, services).list()) {
    const service = { namespace: metadata.namespace!, name: metadata.name };
    for (const address of addressesOf(spec as ServiceSpec)) {
      if (!isClaimed(m, address)) await claim(m, address, address.includes(":") ? "IPv6" : "IPv4", service);
    }
  }
}

/** What a Service holds; none when it is headless or a name. */
export function addressesOf({ type, clusterIP, clusterIPs = [] }: ServiceSpec): string[] {
  if (type === "ExternalName") return [];
  const all = clusterIPs.length > 0 ? clusterIPs : [clusterIP];
  return all.filter((ip): ip is string => !!ip && ip !== "None");
}

function isOf(address: Stored | undefined, { namespace, name }: ServiceName): boolean {
  const { parentRef } = (address?.spec ?? {}) as { parentRef?: { resource: string; namespace: string; name: string } };
  return parentRef?.resource === "services" && parentRef.namespace === namespace && parentRef.name === name;
}

function ipAddress(address: string, family: IpFamily, { namespace, name }: ServiceName): KubeObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "IPAddress",
    metadata: {
      name: address,
      labels: {
        "ipaddress.kubernetes.io/ip-family": family,
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
      },
    },
    spec: { parentRef: { resource: "services", namespace, name } },
  };
}
