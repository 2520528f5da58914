/** `proxy` of pods, services and nodes: HTTP through the API server to whatever listens there. */
import { connect } from "node:net";
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

function parseName(text: string): Named {
  const parts = text.split(":");
  if (parts.length === 3 && (parts[0] === "http" || parts[0] === "https" || parts[0] === "")) {
    return { secure: parts[0] === "https", name: parts[1]!, port: parts[2]! };
  }
  if (parts.length <= 2 && parts[0]) return { secure: false, name: parts[0], port: parts[1] ?? "" };
  throw badRequest(`invalid proxy request "${text}"`);
}

export const nodeProxy: Locate = (context, { path, query }) => {
  return kubelet(context, parseName(path.name).name, `/${path.rest}`, query);
};

export const podProxy: Locate = ({ view }, request) => {
  const { secure, name, port } = parseName(request.path.name);
  const pod = view.get("", "pods", request.path.namespace, name);
  if (!pod) throw notFound({ group: "", plural: "pods" }, name);
  const { podIP } = (pod as { status?: { podIP?: string } }).status ?? {};
  if (!podIP) throw new StatusError("ServiceUnavailable", `address not allowed: pod ${name} has no address yet`);
  return direct(request, secure, podIP, podPort(pod, port));
};

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
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[];
}

export const serviceProxy: Locate = (context, request) => {
  const { secure, name, port } = parseName(request.path.name);
  const { namespace } = request.path;
  const service = context.view.get("", "services", namespace, name);
  if (!service) throw notFound({ group: "", plural: "services" }, name);
  const portName = servicePort(service, port);
  const endpoint = endpointOf(context, namespace, name, portName);
  if (!endpoint) {
    throw new StatusError(
      "ServiceUnavailable",
      `no endpoints available for service ${JSON.stringify(request.path.name)}`,
    );
  }
  return direct(request, secure, endpoint.host, endpoint.port);
};

/** The name of the port, which may be empty. */
function servicePort(service: Stored, wanted: string): string {
  const { ports = [] } = service.spec as { ports?: { name?: string; port: number }[] };
  const found = wanted ? ports.find(({ name, port }) => name === wanted || String(port) === wanted) : ports[0];
  if (found) return found.name ?? "";
  throw new StatusError(
    "ServiceUnavailable",
    `no service port ${JSON.stringify(wanted)} found for service ${service.metadata.name}`,
  );
}

function endpointOf({ view }: StreamContext, namespace: string, service: string, portName: string) {
  const slices = view.list("discovery.k8s.io", "endpointslices", namespace) as Slice[];
  for (const { metadata, ports = [], endpoints = [] } of slices) {
    if (metadata.labels?.["kubernetes.io/service-name"] !== service) continue;
    const port = ports.find(({ name = "" }) => name === portName)?.port;
    const ready = endpoints.find(({ conditions }) => conditions?.ready !== false);
    if (port && ready?.addresses[0]) return { host: ready.addresses[0], port };
  }
  return undefined;
}

function direct({ path, query }: StreamRequest, secure: boolean, host: string, port: number): Destination {
  const text = query.toString();
  return {
    connect: () => dial(secure, host, port),
    path: `/${path.rest}${text ? `?${text}` : ""}`,
    host: `${host.includes(":") ? `[${host}]` : host}:${port}`,
  };
}

/** A host that swallows packets is given up after this long, as upstream does. */
const patienceMs = 30_000;

/** Who the other side is is not checked, as upstream does not: pods have certificates of their own making. */
function dial(secure: boolean, host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = secure ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${patienceMs / 1000} s`)), patienceMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(
        new StatusError("ServiceUnavailable", `error trying to reach service: ${error.message}`, {}, { cause: error }),
      );
    };
    socket.once("error", fail);
    socket.once(secure ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}
