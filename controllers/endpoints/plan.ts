/**
 * The endpoints of a Service out of its pods. Pure; EndpointSlice and Endpoints are two ways of writing the answer.
 *
 * Laws: every selected pod with an address that has not ended is an endpoint once per family of resolved ports; a pod that
 * is being deleted is `terminating` and serves as long as it is ready; named ports are resolved in each pod; a Service
 * that prefers near endpoints (`trafficDistribution`) has hints on those that are ready.
 *
 * Source: discovery.k8s.io/v1 EndpointSlice, KEP-752, KEP-1672 (terminating endpoints), KEP-4444 and KEP-3015 (traffic
 * distribution).
 */
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { IEndpointPort } from "kubernetes-models/discovery.k8s.io/v1/EndpointPort";
import type { INode } from "kubernetes-models/v1/Node";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServicePort } from "kubernetes-models/v1/ServicePort";
import type { Stored } from "../../runtime/schema/mod.ts";
import { isFinished, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";

export type ServiceObject = Stored<IService>;
export type AddressFamily = "IPv4" | "IPv6";

export const zoneLabel = "topology.kubernetes.io/zone";

/** Endpoints that share the same resolved ports. */
export interface EndpointGroup {
  readonly ports: readonly IEndpointPort[];
  readonly endpoints: readonly IEndpoint[];
}

export interface EndpointWorld {
  readonly service: ServiceObject;
  readonly pods: readonly PodObject[];
  readonly nodes: ReadonlyMap<string, Stored<INode>>;
  readonly family: AddressFamily;
}

export function planEndpoints({ service, pods, nodes, family }: EndpointWorld): EndpointGroup[] {
  const groups = new Map<string, { ports: IEndpointPort[]; endpoints: IEndpoint[] }>();
  for (const pod of pods) {
    const address = addressOf(pod, family);
    if (!address || isFinished(pod)) continue;
    const ports = resolvePorts(service, pod);
    const id = JSON.stringify(ports.map(({ name, port, protocol }) => [name, port, protocol]).sort());
    const group = groups.get(id) ?? { ports, endpoints: [] };
    group.endpoints.push(endpointOf(pod, { service, address, node: nodes.get(pod.spec?.nodeName ?? "") }));
    groups.set(id, group);
  }
  // "There are none" is an answer too.
  return groups.size > 0 ? [...groups.values()] : [{ ports: [], endpoints: [] }];
}

export function addressOf(pod: PodObject, family: AddressFamily): string | undefined {
  const { podIPs, podIP } = pod.status ?? {};
  const all = podIPs?.map(({ ip }) => ip) ?? (podIP ? [podIP] : []);
  return all.find((ip) => (family === "IPv6") === ip.includes(":"));
}

/** Families that the Service asks for; a headless one without an answer yet follows the default. */
export function familiesOf(service: ServiceObject): AddressFamily[] {
  const families = service.spec?.ipFamilies as AddressFamily[] | undefined;
  if (families && families.length > 0) return families;
  return service.spec?.clusterIP?.includes(":") ? ["IPv6"] : ["IPv4"];
}

/** A headless Service may have no ports at all: then its endpoints have none. A port that no container names is left out. */
function resolvePorts(service: ServiceObject, pod: PodObject): IEndpointPort[] {
  const ports: IEndpointPort[] = [];
  for (const servicePort of service.spec?.ports ?? []) {
    const port = portOf(servicePort, pod);
    if (port === undefined) continue;
    const { name = "", protocol = "TCP", appProtocol } = servicePort;
    ports.push({ name, protocol, port, ...(appProtocol ? { appProtocol } : {}) });
  }
  return ports;
}

function portOf({ targetPort, port, protocol = "TCP" }: IServicePort, pod: PodObject): number | undefined {
  if (targetPort === undefined || targetPort === 0 || targetPort === "") return port;
  if (typeof targetPort === "number") return targetPort;
  const sidecars = pod.spec?.initContainers?.filter((container) => container.restartPolicy === "Always") ?? [];
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    const named = container.ports?.find((candidate) =>
      candidate.name === targetPort && (candidate.protocol ?? "TCP") === protocol
    );
    if (named) return named.containerPort;
  }
}

interface Place {
  readonly service: ServiceObject;
  readonly address: string;
  readonly node?: Stored<INode>;
}

function endpointOf(pod: PodObject, { service, address, node }: Place): IEndpoint {
  const { name, namespace, uid } = pod.metadata;
  const serving = isReady(pod);
  const terminating = isGoing(pod);
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const endpoint: IEndpoint = {
    addresses: [address],
    conditions: { ready, serving, terminating },
    targetRef: { kind: "Pod", namespace, name, uid },
  };
  if (pod.spec?.nodeName) endpoint.nodeName = pod.spec.nodeName;
  const zone = node?.metadata.labels?.[zoneLabel];
  if (zone) endpoint.zone = zone;
  const { hostname, subdomain } = pod.spec ?? {};
  if (hostname && subdomain === service.metadata.name) endpoint.hostname = hostname;
  const hints = ready ? hintsOf(endpoint, service) : {};
  if (Object.keys(hints).length > 0) endpoint.hints = hints;
  return endpoint;
}

/** Each endpoint serves those who are where it is; the proxy falls back to all where nobody is near. */
function hintsOf({ zone, nodeName }: IEndpoint, { spec }: ServiceObject): NonNullable<IEndpoint["hints"]> {
  const near = spec?.trafficDistribution;
  const forZones = zone ? [{ name: zone }] : undefined;
  if (near === "PreferClose" || near === "PreferSameZone") return forZones ? { forZones } : {};
  if (near !== "PreferSameNode" || !nodeName) return {};
  return { ...(forZones ? { forZones } : {}), forNodes: [{ name: nodeName }] };
}
