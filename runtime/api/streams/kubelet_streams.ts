/** exec, attach, portforward and log: what is asked of the API server, as the kubelet wants to be asked. */
import { notFound, StatusError, type Stored } from "../../schema/mod.ts";
import { badRequest } from "../objects/refusals.ts";
import { kubeletLogQuery } from "./pod_log_options.ts";
import type { Destination, KubeletAddress, Locate, StreamContext, StreamRequest } from "./destination.ts";

interface Pod extends Stored {
  spec: { nodeName?: string; containers: Named[]; initContainers?: Named[]; ephemeralContainers?: Named[] };
}

interface Named {
  readonly name: string;
}

interface NodeFacts {
  status?: {
    addresses?: { type: string; address: string }[];
    daemonEndpoints?: { kubeletEndpoint?: { Port?: number } };
  };
}

const defaultContainer = "kubectl.kubernetes.io/default-container";
/** Client's names for streams, and the kubelet's. */
const streamFlags = [["stdin", "input"], ["stdout", "output"], ["stderr", "error"], ["tty", "tty"]] as const;

export const exec: Locate = (context, request) => containerStream(context, request, "exec");
export const attach: Locate = (context, request) => containerStream(context, request, "attach");

export const portforward: Locate = (context, { path, query }) => {
  const pod = podAt(context, path);
  const wanted = new URLSearchParams(query.getAll("ports").map((port) => ["ports", port]));
  return kubelet(context, nodeOf(pod), `/portForward/${segments(path.namespace, path.name)}`, searchOf(wanted));
};

export const log: Locate = (context, { path, query }) => {
  const wanted = kubeletLogQuery(path.name, query);
  const pod = podAt(context, path);
  const container = containerFor(pod, query.get("container"));
  if (!pod.spec.nodeName) return undefined;
  const place = `/containerLogs/${segments(path.namespace, path.name, container)}`;
  return kubelet(context, pod.spec.nodeName, place, searchOf(wanted));
};

function containerStream(context: StreamContext, { path, query }: StreamRequest, verb: "exec" | "attach"): Destination {
  const pod = podAt(context, path);
  const container = containerFor(pod, query.get("container"));
  const wanted = new URLSearchParams();
  for (const [asked, named] of streamFlags) if (isSet(query.get(asked))) wanted.append(named, "1");
  for (const word of verb === "exec" ? query.getAll("command") : []) wanted.append("command", word);
  return kubelet(context, nodeOf(pod), `/${verb}/${segments(path.namespace, path.name, container)}`, searchOf(wanted));
}

function isSet(value: string | null): boolean {
  return value !== null && ["true", "1", "t", ""].includes(value.toLowerCase());
}

function podAt({ view }: StreamContext, { namespace, name }: StreamRequest["path"]): Pod {
  const pod = view.get("", "pods", namespace, name);
  if (!pod) throw notFound({ group: "", plural: "pods" }, name);
  return pod as Pod;
}

function nodeOf({ metadata, spec }: Pod): string {
  if (spec.nodeName) return spec.nodeName;
  throw badRequest(`pod ${metadata.name} does not have a host assigned`);
}

/** Throws BadRequest in upstream's words when it must be named and is not, or is not there. */
function containerFor({ metadata, spec }: Pod, wanted: string | null): string {
  const all = [...spec.containers, ...spec.initContainers ?? [], ...spec.ephemeralContainers ?? []];
  if (wanted) {
    if (all.some(({ name }) => name === wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
  }
  const annotated = metadata.annotations?.[defaultContainer];
  if (annotated && all.some(({ name }) => name === annotated)) return annotated;
  if (spec.containers.length === 1) return spec.containers[0]!.name;
  const names = spec.containers.map(({ name }) => name).join(" ");
  throw badRequest(`a container name must be specified for pod ${metadata.name}, choose one of: [${names}]`);
}

function searchOf(query: URLSearchParams): string {
  return query.size > 0 ? `?${query}` : "";
}

function segments(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join("/");
}

/** `search`: with its `?`. Throws ServiceUnavailable while the node has not said where its kubelet listens. */
export function kubelet(
  { view, dialKubelet }: StreamContext,
  nodeName: string,
  path: string,
  search: string,
): Destination {
  const node = view.get("", "nodes", "", nodeName);
  if (!node) throw notFound({ group: "", plural: "nodes" }, nodeName);
  if (!dialKubelet) throw new StatusError("ServiceUnavailable", "this API server has no credentials for kubelets");
  const address = addressOf(nodeName, node);
  return {
    connect: () => dialKubelet(address),
    path: path + search,
    host: `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`,
  };
}

function addressOf(nodeName: string, node: Stored): KubeletAddress {
  const { addresses = [], daemonEndpoints } = (node as NodeFacts).status ?? {};
  const host = addresses.find(({ type }) => type === "InternalIP")?.address;
  const port = daemonEndpoints?.kubeletEndpoint?.Port;
  if (host && port) return { nodeName, host, port };
  if (host) {
    const message = `node ${nodeName} names no kubelet endpoint: its pods have no logs and run no commands`;
    throw new StatusError("ServiceUnavailable", message);
  }
  throw new StatusError("ServiceUnavailable", `no preferred addresses found; known addresses: [] (node ${nodeName})`);
}
