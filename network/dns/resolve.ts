/**
 * The cluster's zone: what a name means now. Pure.
 *
 * Source: Kubernetes DNS-Based Service Discovery, version 1.1.0
 * (https://github.com/kubernetes/dns/blob/master/docs/specification.md). A name that exists without a record of the type
 * asked for is NOERROR without answers (NODATA), any other is NXDOMAIN: resolvers give up on a name for NXDOMAIN, and AAAA
 * questions for IPv4 Services must not make them.
 */
import type { IService } from "kubernetes-models/v1/Service";
import type { ClusterNames } from "./cluster_names.ts";
import type { Answer, Question, Reply } from "./message.ts";
import { addressOfReverseName } from "./reverse_name.ts";
import { endpointHosts, type Host, hostsOf, hostsOfSlice, type NamedPort } from "./service_hosts.ts";

/** Seconds, as CoreDNS: names follow Services at this pace at the slowest. */
export const ttl = 5;

export interface Zone {
  /** `cluster.local` */
  readonly domain: string;
  readonly names: ClusterNames;
}

/** `foreign`: not a name of ours, ask the resolvers of the machine. */
export type Resolution = Reply | "foreign";

/** What is at a name; `undefined`: nothing, not even below it. */
type Found = { readonly answers: readonly Answer[]; readonly additionals?: readonly Answer[] } | undefined;

const noData: Found = { answers: [] };

export function resolve({ name, type }: Question, zone: Zone): Resolution {
  const lower = name.toLowerCase();
  const address = addressOfReverseName(lower);
  if (address !== undefined) return reverse(name, { address, type, zone });
  if (lower !== zone.domain && !lower.endsWith(`.${zone.domain}`)) return "foreign";
  // Outermost first: `svc`, namespace, Service, ...
  const labels = lower.slice(0, -zone.domain.length).split(".").filter(Boolean).reverse();
  return reply(find(labels, { name, type, zone }), zone);
}

interface Asked {
  /** As the asker spelt it: resolvers that mix cases compare. */
  readonly name: string;
  readonly type: string;
  readonly zone: Zone;
}

function find([kind, namespace, ...rest]: readonly string[], asked: Asked): Found {
  if (kind === undefined) return apex(asked);
  if (kind === "dns-version" && namespace === undefined) return version(asked);
  if (kind !== "svc" && kind !== "pod") return undefined;
  if (namespace === undefined) return noData;
  if (!asked.zone.names.hasNamespace(namespace)) return undefined;
  if (rest.length === 0) return noData;
  return kind === "svc" ? serviceName(namespace, rest, asked) : podName(rest, asked);
}

function apex({ name, type, zone }: Asked): Found {
  if (type === "SOA") return { answers: [soa(zone, name)] };
  if (type === "NS") return { answers: [{ type: "NS", name, ttl, data: `ns.dns.${zone.domain}` }] };
  return noData;
}

function version({ name, type }: Asked): Found {
  return type === "TXT" ? { answers: [{ type: "TXT", name, ttl, data: ["1.1.0"] }] } : noData;
}

/** The name says the address; that its namespace is there is all that is checked, as with CoreDNS's `pods insecure`. */
function podName([label = "", ...below]: readonly string[], { name, type }: Asked): Found {
  if (below.length > 0 || !/^\d{1,3}(-\d{1,3}){3}$/.test(label)) return undefined;
  const data = label.replaceAll("-", ".");
  if (data.split(".").some((part) => Number(part) > 255)) return undefined;
  return type === "A" ? { answers: [{ type: "A", name, ttl, data }] } : noData;
}

function serviceName(namespace: string, [serviceLabel = "", ...below]: readonly string[], asked: Asked): Found {
  const service = asked.zone.names.service(namespace, serviceLabel);
  if (!service) return undefined;
  const { externalName, type } = service.spec ?? {};
  if (type === "ExternalName") {
    const data = externalName ?? "";
    return below.length === 0 ? { answers: [{ type: "CNAME", name: asked.name, ttl, data }] } : undefined;
  }
  if (below.length === 0) return hostRecords(hostsOf(service, asked.zone.names), { service, asked });
  if (below.length === 1) return oneHost(below[0]!, { service, asked });
  return below.length === 2 ? portRecords(below, { service, asked }) : undefined;
}

interface Place {
  readonly service: IService;
  readonly asked: Asked;
}

function oneHost(label: string, place: Place): Found {
  const hosts = endpointHosts(place.service, place.asked.zone.names).filter((host) => host.label === label);
  return hosts.length === 0 ? undefined : hostRecords(hosts, place);
}

/** `_http._tcp`, read from the right: protocol, then port. */
function portRecords([protocol = "", port = ""]: readonly string[], place: Place): Found {
  if (!protocol.startsWith("_") || !port.startsWith("_")) return undefined;
  const wanted = (it: NamedPort) => it.protocol === protocol.slice(1) && it.name === port.slice(1);
  const hosts = hostsOf(place.service, place.asked.zone.names)
    .map((host) => ({ ...host, ports: host.ports.filter(wanted) }))
    .filter(({ ports }) => ports.length > 0);
  return hosts.length === 0 ? undefined : hostRecords(hosts, place);
}

function hostRecords(hosts: readonly Host[], { service, asked }: Place): Found {
  const { type, name } = asked;
  if (type === "A" || type === "AAAA") {
    return { answers: unique(hosts.flatMap((host) => addressRecords(host, name, type))) };
  }
  if (type !== "SRV") return noData;
  const targetOf = ({ label }: Host) => [...(label ? [label] : []), serviceFqdn(service, asked.zone)].join(".");
  const answers = hosts.flatMap((host) =>
    host.ports.map(({ port }): Answer => ({
      type: "SRV",
      name,
      ttl,
      data: { priority: 0, weight: Math.floor(100 / hosts.length), port, target: targetOf(host) },
    }))
  );
  const additionals = hosts.flatMap((host) =>
    (["A", "AAAA"] as const).flatMap((kind) => addressRecords(host, targetOf(host), kind))
  );
  return { answers: unique(answers), additionals: unique(additionals) };
}

function addressRecords({ addresses }: Host, name: string, type: "A" | "AAAA"): Answer[] {
  return addresses.filter((address) => address.includes(":") === (type === "AAAA"))
    .map((data) => ({ type, name, ttl, data }));
}

/** Slices may overlap while endpoints move between them. */
function unique(records: readonly Answer[]): Answer[] {
  return [...new Map(records.map((record) => [JSON.stringify(record), record])).values()];
}

function serviceFqdn({ metadata }: IService, { domain }: Zone): string {
  return `${metadata?.name}.${metadata?.namespace}.svc.${domain}`;
}

/** Addresses that are not the cluster's may have names elsewhere. */
function reverse(name: string, { address, type, zone }: { address: string; type: string; zone: Zone }): Resolution {
  const services = zone.names.servicesAt(address).map((service) => serviceFqdn(service, zone));
  const targets = services.length > 0 ? services : endpointNames(address, zone);
  if (targets.length === 0) return "foreign";
  const answers = targets.map((data): Answer => ({ type: "PTR", name, ttl, data }));
  return reply(type === "PTR" ? { answers } : noData, zone);
}

function endpointNames(address: string, { domain, names }: Zone): string[] {
  return names.slicesAt(address).flatMap((slice) => {
    const { namespace, labels } = slice.metadata ?? {};
    const service = labels?.["kubernetes.io/service-name"];
    return hostsOfSlice(slice).filter(({ addresses }) => service !== undefined && addresses.includes(address))
      .map(({ label }) => `${label}.${service}.${namespace}.svc.${domain}`);
  });
}

function reply(found: Found, zone: Zone): Reply {
  const answers = found?.answers ?? [];
  return {
    rcode: found ? "NOERROR" : "NXDOMAIN",
    authoritative: true,
    answers,
    // Negative answers are kept for as long as the SOA says (RFC 2308).
    authorities: answers.length === 0 ? [soa(zone, zone.domain)] : [],
    additionals: found?.additionals ?? [],
  };
}

function soa({ domain }: Zone, name: string): Answer {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    // Nobody transfers this zone, so nobody compares serials.
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86400,
    minimum: ttl,
  };
  return { type: "SOA", name, ttl, data };
}
