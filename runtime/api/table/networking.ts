/** The columns of what carries traffic: Services, Endpoints, Ingresses, policies and addresses. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { IIPAddress } from "kubernetes-models/networking.k8s.io/v1/IPAddress";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IIngressClass } from "kubernetes-models/networking.k8s.io/v1/IngressClass";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IService } from "kubernetes-models/v1/Service";
import type { IServiceCIDR } from "kubernetes-models/networking.k8s.io/v1/ServiceCIDR";
import { age, column, labels, labelSelector, listed, name, type Printer, printer, shortened, wide } from "./cell.ts";

export const services: Printer = printer<IService>(
  name,
  column("Type", ({ spec }) => spec?.type ?? ""),
  column("Cluster-IP", ({ spec }) => spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? "<none>"),
  column("External-IP", externalAddress),
  column("Port(s)", servicePorts),
  age,
  wide("Selector", ({ spec }) => labels(spec?.selector)),
);

function externalAddress({ spec, status }: IService): string {
  const given = spec?.externalIPs ?? [];
  if (spec?.type === "ExternalName") return spec.externalName ?? "";
  if (spec?.type !== "LoadBalancer") return listed(given);
  return listed([...balancerAddresses(status?.loadBalancer), ...given], "<pending>");
}

function balancerAddresses(balancer: { ingress?: { ip?: string; hostname?: string }[] } | undefined): string[] {
  const addresses = (balancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "");
  return [...new Set(addresses.filter((address) => address !== ""))].sort();
}

function servicePorts({ spec }: IService): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`
  );
  return listed(ports);
}

export const endpoints: Printer = printer<IEndpoints>(
  name,
  column("Endpoints", ({ subsets = [] }) => shortened(subsets.flatMap(subsetAddresses))),
  age,
);

type Subset = NonNullable<IEndpoints["subsets"]>[number];

function subsetAddresses({ addresses = [], ports = [] }: Subset): string[] {
  if (ports.length === 0) return addresses.map(({ ip }) => ip);
  return ports.flatMap(({ port }) => addresses.map(({ ip }) => ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`));
}

export const endpointSlices: Printer = printer<IEndpointSlice>(
  name,
  column("AddressType", ({ addressType }) => addressType),
  column("Ports", ({ ports }) => shortened((ports ?? []).map(({ port }) => String(port ?? "*")), 3, "<unset>")),
  column(
    "Endpoints",
    ({ endpoints }) => shortened((endpoints ?? []).flatMap(({ addresses }) => addresses), 3, "<unset>"),
  ),
  age,
);

export const ingresses: Printer = printer<IIngress>(
  name,
  column("Class", ingressClass),
  column("Hosts", ingressHosts),
  column("Address", ({ status }) => balancerAddresses(status?.loadBalancer).join(",")),
  column("Ports", ({ spec }) => (spec?.tls?.length ?? 0) > 0 ? "80, 443" : "80"),
  age,
);

function ingressClass({ metadata, spec }: IIngress): string {
  return spec?.ingressClassName ?? metadata?.annotations?.["kubernetes.io/ingress.class"] ?? "<none>";
}

function ingressHosts({ spec }: IIngress): string {
  const hosts = (spec?.rules ?? []).map(({ host }) => host || "*");
  return shortened(hosts, 3, "*");
}

export const ingressClasses: Printer = printer<IIngressClass>(
  name,
  column("Controller", ({ spec }) => spec?.controller ?? ""),
  column("Parameters", ({ spec }) => {
    const { apiGroup, kind, name } = spec?.parameters ?? {};
    return kind ? `${kind}${apiGroup ? `.${apiGroup}` : ""}/${name}` : "<none>";
  }),
  age,
);

export const networkPolicies: Printer = printer<INetworkPolicy>(
  name,
  column("Pod-Selector", ({ spec }) => labelSelector(spec?.podSelector)),
  age,
);

export const ipAddresses: Printer = printer<IIPAddress>(
  name,
  column("ParentRef", ({ spec }) => {
    const { group, resource, namespace, name } = spec.parentRef ?? {};
    const qualified = group ? `${resource}.${group}` : resource;
    return [qualified, namespace, name].filter((part) => part).join("/");
  }),
);

export const serviceCidrs: Printer = printer<IServiceCIDR>(
  name,
  column("CIDRs", ({ spec }) => (spec?.cidrs ?? []).join(",")),
  age,
);
