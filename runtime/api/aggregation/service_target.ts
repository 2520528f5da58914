/**
 * Where a Service's port is, for a caller on the API server's own machine: a ready pod, or else the Service's address.
 * Pure; connecting is the caller's.
 */
import { notFound, StatusError, type Stored } from "../../schema/mod.ts";
import type { ClusterView } from "../admission/admission.ts";

export interface ServiceReference {
  readonly namespace: string;
  readonly name: string;
  /** Default 443. */
  readonly port?: number;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ServiceTarget {
  /** To be tried in this order; at least one. */
  readonly addresses: readonly Address[];
  /** `NAME.NAMESPACE.svc`, which its certificate must bear. */
  readonly serverName: string;
}

interface Service extends Stored {
  spec: {
    type?: string;
    clusterIP?: string;
    externalName?: string;
    ports?: { name?: string; port: number }[];
  };
}

interface Slice extends Stored {
  ports?: { name?: string; port?: number }[];
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[];
}

/** `random` in [0, 1) spreads calls over the pods. Throws NotFound and ServiceUnavailable in upstream's words. */
export function serviceTarget(view: ClusterView, reference: ServiceReference, random: number): ServiceTarget {
  const { namespace, name, port = 443 } = reference;
  const service = view.get("", "services", namespace, name) as Service | undefined;
  if (!service) throw notFound({ group: "", plural: "services" }, name);
  const serverName = `${name}.${namespace}.svc`;
  const { type, externalName, clusterIP, ports = [] } = service.spec;
  if (type === "ExternalName") return { addresses: [{ host: externalName ?? "", port }], serverName };
  const found = ports.find((one) => one.port === port);
  if (!found) throw unavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  const ready = readyAddresses(view, namespace, name, found.name ?? "");
  if (ready.length === 0) throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  const pod = ready[Math.floor(random * ready.length)]!;
  const own = clusterIP && clusterIP !== "None" ? [{ host: clusterIP, port }] : [];
  return { addresses: [pod, ...own], serverName };
}

function readyAddresses(view: ClusterView, namespace: string, service: string, portName: string): Address[] {
  const slices = view.list("discovery.k8s.io", "endpointslices", namespace) as Slice[];
  const own = slices.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === service);
  return own.flatMap(({ ports = [], endpoints = [] }) => {
    const port = ports.find(({ name }) => (name ?? "") === portName)?.port;
    if (!port) return [];
    const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false);
    return ready.flatMap(({ addresses }) => addresses.slice(0, 1).map((host) => ({ host, port })));
  });
}

function unavailable(message: string): StatusError {
  return new StatusError("ServiceUnavailable", message);
}
