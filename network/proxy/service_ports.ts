/** Services and EndpointSlices as the proxy's model. Pure. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IService } from "kubernetes-models/v1/Service";
import { chooseEndpoints, type Place } from "./endpoints.ts";
import type { Protocol, ServicePort } from "./service_port.ts";

type Spec = NonNullable<IService["spec"]>;

/** Another implementation looks after Services with this label, and after headless ones nobody does. */
const otherProxy = "service.kubernetes.io/service-proxy-name";
const headless = "service.kubernetes.io/headless";
const owner = "kubernetes.io/service-name";

/** Three hours: the API's default for ClientIP affinity. */
const defaultAffinitySeconds = 10_800;

/** Every port of every Service that has a cluster IP (IPv4), sorted by name. */
export function servicePorts(
  services: readonly IService[],
  slices: readonly IEndpointSlice[],
  place: Place,
): ServicePort[] {
  const slicesOf = Map.groupBy(
    slices,
    ({ metadata }) => `${metadata?.namespace}/${metadata?.labels?.[owner]}`,
  );
  return services.filter(isOurs)
    .flatMap((service) => portsOf(service, slicesOf.get(nameOf(service)) ?? [], place))
    .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function nameOf({ metadata }: IService): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function isOurs({ metadata, spec }: IService): boolean {
  const labels = metadata?.labels ?? {};
  if (otherProxy in labels || headless in labels || spec?.type === "ExternalName") return false;
  return ipv4(spec?.clusterIPs ?? [spec?.clusterIP ?? ""]).length > 0;
}

function portsOf(service: IService, slices: readonly IEndpointSlice[], place: Place): ServicePort[] {
  const spec: Spec = service.spec ?? {};
  const { reachable, ...facts } = sharedFacts(service, spec);
  return (spec.ports ?? []).map(({ name, protocol = "TCP", port, nodePort }) => {
    const { cluster, local } = chooseEndpoints(slices, { name, protocol }, place);
    return {
      ...facts,
      name: name ? `${nameOf(service)}:${name}` : nameOf(service),
      protocol: protocol.toLowerCase() as Protocol,
      port,
      ...(nodePort && reachable ? { nodePort } : {}),
      clusterEndpoints: cluster,
      localEndpoints: local,
    };
  });
}

function sharedFacts({ status }: IService, spec: Spec) {
  const ingress = status?.loadBalancer?.ingress ?? [];
  // ipMode Proxy: the balancer terminates connections itself, and nodes must not shortcut it (KEP-1860).
  const direct = ingress.filter(({ ipMode }) => ipMode !== "Proxy").flatMap(({ ip }) => ip ? [ip] : []);
  const reachable = spec.type === "NodePort" || spec.type === "LoadBalancer";
  const affinity = spec.sessionAffinity === "ClientIP"
    ? { affinitySeconds: spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? defaultAffinitySeconds }
    : {};
  return {
    reachable,
    clusterIp: ipv4(spec.clusterIPs ?? [spec.clusterIP ?? ""])[0] ?? "",
    externalIps: ipv4(spec.externalIPs ?? []),
    loadBalancerIps: spec.type === "LoadBalancer" ? ipv4(direct) : [],
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter((range) =>
      !range.includes(":")
    ),
    internalLocal: spec.internalTrafficPolicy === "Local",
    externalLocal: spec.externalTrafficPolicy === "Local",
    ...affinity,
  };
}

function ipv4(addresses: readonly string[]): string[] {
  return addresses.filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address));
}
