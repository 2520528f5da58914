/** `proxy` of pods, services and nodes: HTTP through the API server to whatever listens there. */
import { BlockList, connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { notFound, StatusError, type Stored } from "../../schema/mod.ts";
import { badRequest } from "../objects/refusals.ts";
import type { Destination, Locate, StreamContext, StreamRequest } from "./destination.ts";
import { kubelet } from "./kubelet_streams.ts";

/** `[https:]NAME[:PORT]`, where PORT may be a number or a name. */
interface Named {
  readonly secure: boolean;
  readonly name: string;
  readonly port: string;
}

/** `what`: the kind, as the refusal calls it. */
function parseName(what: string, text: string): Named {
  const parts = text.split(":");
  if (parts.length === 3 && (parts[0] === "http" || parts[0] === "https" || parts[0] === "")) {
    return { secure: parts[0] === "https", name: parts[1]!, port: parts[2]! };
  }
  if (parts.length <= 2 && parts[0]) return { secure: false, name: parts[0], port: parts[1] ?? "" };
  throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
}

export const nodeProxy: Locate = (context, { path, search }) => {
  return kubelet(context, parseName("node", path.name).name, `/${path.rest}`, search);
};

export const podProxy: Locate = ({ view }, request) => {
  const { secure, name, port } = parseName("pod", request.path.name);
  const pod = view.get("", "pods", request.path.namespace, name);
  if (!pod) throw notFound({ group: "", plural: "pods" }, name);
  const { podIP = "" } = (pod as Addressed).status ?? {};
  if (!reachable(podIP)) throw badRequest("address not allowed");
  return direct(request, secure, podIP, podPort(pod, port));
};

interface Addressed extends Stored {
  status?: { podIP?: string; podIPs?: { ip: string }[] };
}

/** The API server's own loopback and link, where clouds keep their secrets. */
const ownPlaces = new BlockList();
for (const [net, bits] of [["127.0.0.0", 8], ["169.254.0.0", 16], ["224.0.0.0", 24], ["0.0.0.0", 8]] as const) {
  ownPlaces.addSubnet(net, bits);
}
for (const [net, bits] of [["::", 127], ["fe80::", 10], ["ff01::", 16], ["ff02::", 16]] as const) {
  ownPlaces.addSubnet(net, bits, "ipv6");
}

/** Whether a pod may say that it is there: otherwise whoever writes a status could reach what only we can. */
function reachable(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && !ownPlaces.check(address, version === 4 ? "ipv4" : "ipv6");
}

interface ContainerPort {
  readonly name?: string;
  readonly containerPort: number;
}

/** A number, a name, or the first port that the pod declares. */
function podPort(pod: Stored, wanted: string): number {
  if (/^\d+$/.test(wanted)) return Number(wanted);
  const { containers } = pod.spec as { containers: { ports?: ContainerPort[] }[] };
  const ports = containers.flatMap(({ ports = [] }) => ports);
  const found = wanted ? ports.find(({ name }) => name === wanted) : ports[0];
  if (found || !wanted) return found?.containerPort ?? 80;
  throw badRequest(`no port "${wanted}" in pod ${pod.metadata.name}`);
}

interface Slice extends Stored {
  ports?: { name?: string; port?: number }[];
  endpoints?: Endpoint[];
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string };
}

export const serviceProxy: Locate = (context, request) => {
  const { secure, name, port } = parseName("service", request.path.name);
  const { namespace } = request.path;
  const service = context.view.get("", "services", namespace, name);
  if (!service) throw notFound({ group: "", plural: "services" }, name);
  const portName = servicePort(service, port);
  const endpoint = portName === undefined ? undefined : endpointOf(context, namespace, name, portName);
  if (!endpoint) {
    throw new StatusError(
      "ServiceUnavailable",
      `no endpoints available for service ${JSON.stringify(request.path.name)}`,
    );
  }
  return direct(request, secure, endpoint.host, endpoint.port);
};

/** The name of the port, which may be empty; undefined when none has the wanted name. */
function servicePort(service: Stored, wanted: string): string | undefined {
  const { ports = [] } = service.spec as { ports?: { name?: string; port: number }[] };
  const found = wanted ? ports.find(({ name, port }) => name === wanted || String(port) === wanted) : ports[0];
  if (found) return found.name ?? "";
  if (!/^\d+$/.test(wanted)) return undefined;
  throw new StatusError(
    "ServiceUnavailable",
    `no service port ${wanted} found for service ${JSON.stringify(service.metadata.name)}`,
  );
}

function endpointOf({ view }: StreamContext, namespace: string, service: string, portName: string) {
  const slices = view.list("discovery.k8s.io", "endpointslices", namespace) as Slice[];
  for (const { metadata, ports = [], endpoints = [] } of slices) {
    if (metadata.labels?.["kubernetes.io/service-name"] !== service) continue;
    const port = ports.find(({ name = "" }) => name === portName)?.port;
    const ready = endpoints.find((endpoint) =>
      endpoint.conditions?.ready !== false && ofPod(view, namespace, endpoint)
    );
    if (port && ready?.addresses[0]) return { host: ready.addresses[0], port };
  }
  return undefined;
}

/** Only pods are proxied to: an address that was written by hand leads nowhere. */
function ofPod(view: StreamContext["view"], namespace: string, { addresses: [address], targetRef }: Endpoint): boolean {
  if (targetRef?.kind !== "Pod" || !targetRef.name || !address || !reachable(address)) return false;
  const { status } = (view.get("", "pods", namespace, targetRef.name) ?? {}) as Partial<Addressed>;
  return status?.podIPs?.some(({ ip }) => ip === address) ?? false;
}

function direct({ path, search }: StreamRequest, secure: boolean, host: string, port: number): Destination {
  const at = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (port > 65_535) throw unreachable(`dial tcp: address ${port}: invalid port`);
  return { connect: () => dial(secure, { host, port, at }), path: `/${path.rest}${search}`, host: at };
}

/** As Go calls what the system calls otherwise. */
const failures: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "network is unreachable",
};

function unreachable(why: string, cause?: Error): StatusError {
  return new StatusError("ServiceUnavailable", `error trying to reach service: ${why}`, undefined, { cause });
}

/** A host that swallows packets is given up after this long, as upstream does. */
const patienceMs = 30_000;

/** Who the other side is is not checked, as upstream does not: pods have certificates of their own making. */
function dial(secure: boolean, { host, port, at }: { host: string; port: number; at: string }): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${patienceMs / 1000} s`)), patienceMs);
    const fail = (error: Error & { code?: string }) => {
      clearTimeout(timer);
      const known = failures[error.code ?? ""];
      reject(unreachable(known ? `dial tcp ${at}: connect: ${known}` : error.message, error));
    };
    socket.once("error", fail);
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}
