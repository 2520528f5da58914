/** Endpoints, slices, ingresses, network policies. */
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IIngress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import type { IIngressBackend } from "kubernetes-models/networking.k8s.io/v1/IngressBackend";
import type { IIngressClass } from "kubernetes-models/networking.k8s.io/v1/IngressClass";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { INetworkPolicyPeer } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicyPeer";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import { isIP } from "node:net";
import { validateEndpointIp } from "./addresses.ts";
import { addressText, canonicalAddress, familyOfText, leadingZeros } from "./ip_text.ts";
import {
  dnsLabel,
  dnsSubdomain,
  labelValueName,
  type NameRule,
  pathSegment,
  qualifiedName,
  wildcardSubdomain,
} from "./names.ts";
import { inRange, readIpRange } from "../ip_address.ts";
import { validateCidr, validateIp, validatePort, validatePortOrName } from "./numbers.ts";
import type { Report } from "./report.ts";
import { validateLabelSelector } from "./selectors.ts";

const protocols = ["SCTP", "TCP", "UDP"];

export function validateEndpoints({ subsets }: IEndpoints, report: Report): void {
  subsets?.forEach((subset, i) => {
    const place = report.at("subsets", i);
    if (!subset.addresses?.length && !subset.notReadyAddresses?.length) {
      place.required("must specify `addresses` or `notReadyAddresses`");
    }
    for (const list of ["addresses", "notReadyAddresses"] as const) {
      subset[list]?.forEach((address, j) => validateEndpointAddress(address, place.at(list, j)));
    }
    subset.ports?.forEach((port, j) => {
      const at = place.at("ports", j);
      if (port.name) at.at("name").named(port.name, dnsLabel);
      else if (subset.ports!.length > 1) at.at("name").required();
      validatePort(port.port, at.at("port"));
      at.at("protocol").oneOf(port.protocol, protocols);
      if (port.appProtocol !== undefined) at.at("appProtocol").named(port.appProtocol, qualifiedName);
    });
  });
}

type Address = NonNullable<NonNullable<IEndpoints["subsets"]>[number]["addresses"]>[number];

function validateEndpointAddress({ ip, hostname, nodeName }: Address, report: Report): void {
  validateIp(ip, report.at("ip"));
  if (hostname) report.at("hostname").named(hostname, dnsLabel);
  if (nodeName !== undefined) report.at("nodeName").named(nodeName, dnsSubdomain);
  if (familyOfText(ip) === 0 && !addressText(ip).includes(leadingZeros)) {
    report.at("ip").invalid(ip, "must be a valid IP address");
  } else validateEndpointIp(ip, report.at("ip"));
}

const addressTypes = ["FQDN", "IPv4", "IPv6"];
const mostEndpoints = 1000;
const mostAddresses = 100;
const mostPorts = 20_000;
const mostHints = 8;

export function validateEndpointSlice({ addressType, endpoints, ports }: IEndpointSlice, report: Report): void {
  if (!addressType) report.at("addressType").required();
  else if (!addressTypes.includes(addressType)) report.at("addressType").notSupported(addressType, addressTypes);
  validateSlicePorts(ports ?? [], report.at("ports"));
  const count = endpoints?.length ?? 0;
  if (count > mostEndpoints) return report.at("endpoints").tooMany(count, mostEndpoints);
  endpoints?.forEach((endpoint, i) => validateEndpoint(endpoint, addressType, report.at("endpoints", i)));
}

type SlicePorts = NonNullable<IEndpointSlice["ports"]>;

/** Their numbers are whatever somebody listens on. */
function validateSlicePorts(ports: SlicePorts, report: Report): void {
  if (ports.length > mostPorts) return report.tooMany(ports.length, mostPorts);
  const names = new Set<string>();
  ports.forEach(({ name = "", protocol, appProtocol }, i) => {
    const place = report.at(i);
    if (name) place.at("name").named(name, dnsLabel);
    if (names.has(name)) place.at("name").duplicate(name);
    names.add(name);
    place.at("protocol").oneOf(protocol, protocols);
    if (appProtocol !== undefined) place.at("appProtocol").named(appProtocol, qualifiedName);
  });
}

type Endpoint = NonNullable<IEndpointSlice["endpoints"]>[number];

function validateEndpoint({ addresses, hostname, nodeName, hints }: Endpoint, type: string, report: Report): void {
  const place = report.at("addresses");
  if (!addresses?.length) place.required("must contain at least 1 address");
  else if (addresses.length > mostAddresses) return place.tooMany(addresses.length, mostAddresses);
  addresses?.forEach((address, i) => validateAddress(address, type, place, i));
  if (nodeName !== undefined) report.at("nodeName").named(nodeName, dnsSubdomain);
  if (hostname !== undefined) report.at("hostname").named(hostname, dnsLabel);
  validateHints(hints?.forZones ?? [], labelValueName, report.at("hints", "forZones"));
  validateHints(hints?.forNodes ?? [], dnsSubdomain, report.at("hints", "forNodes"));
}

function validateHints(hints: { name: string }[], rule: NameRule, report: Report): void {
  if (hints.length > mostHints) return report.tooMany(hints.length, mostHints);
  const names = new Set<string>();
  hints.forEach(({ name }, i) => {
    const place = report.at(i, "name");
    if (names.has(name)) place.duplicate(name);
    else place.named(name, rule);
    names.add(name);
  });
}

/** Upstream leaves the index out where the family is the wrong one. */
function validateAddress(address: string, type: string, list: Report, i: number): void {
  const place = list.at(i);
  if (type === "FQDN") return place.requiredName(address, dnsSubdomain);
  if (type !== "IPv4" && type !== "IPv6") return;
  const before = place.faults.length;
  place.named(address, canonicalAddress);
  const family = familyOfText(address);
  if (family !== 0 && `IPv${family}` !== type) list.invalid(address, `must be an ${type} address`);
  if (place.faults.length === before) validateEndpointIp(address, place);
}

export function validateEndpointSliceUpdate(now: IEndpointSlice, old: IEndpointSlice, report: Report): void {
  report.at("addressType").immutable(now.addressType, old.addressType);
}

const pathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

export function validateIngress({ spec }: IIngress, report: Report): void {
  const place = report.at("spec");
  if (!spec?.rules?.length && !spec?.defaultBackend) {
    place.invalid(spec?.rules ?? null, "either `defaultBackend` or `rules` must be specified");
  }
  if (spec?.defaultBackend) validateBackend(spec.defaultBackend, place.at("defaultBackend"));
  if (spec?.ingressClassName) place.at("ingressClassName").named(spec.ingressClassName, dnsSubdomain);
  spec?.tls?.forEach(({ hosts, secretName }, i) => {
    hosts?.forEach((host, j) => validateName(host, place.at("tls", i, "hosts", j)));
    if (secretName) place.at("tls", i, "secretName").named(secretName, dnsSubdomain);
  });
  spec?.rules?.forEach(({ host, http }, i) => {
    const rule = place.at("rules", i);
    if (host) validateHost(host, rule.at("host"));
    if (http && !http.paths?.length) rule.at("http", "paths").required();
    http?.paths?.forEach((path, j) => validatePath(path, rule.at("http", "paths", j)));
  });
}

function validateHost(host: string, report: Report): void {
  if (isIP(host)) return report.invalid(host, "must be a DNS name, not an IP address");
  validateName(host, report);
}

function validateName(host: string, report: Report): void {
  report.named(host, host.includes("*") ? wildcardSubdomain : dnsSubdomain);
}

interface Path {
  path?: string;
  pathType?: string;
  backend: IIngressBackend;
}

function validatePath({ path, pathType, backend }: Path, report: Report): void {
  if (!pathType) report.at("pathType").required("pathType must be specified");
  else if (!pathTypes.includes(pathType)) report.at("pathType").notSupported(pathType, pathTypes);
  const isStrict = pathType === "Exact" || pathType === "Prefix";
  if ((isStrict || path) && !path?.startsWith("/")) report.at("path").invalid(path ?? "", "must be an absolute path");
  if (isStrict && path) validateSteps(path, report.at("path"));
  validateBackend(backend, report.at("backend"));
}

const unclear = ["//", "/./", "/../", "%2f", "%2F"];

function validateSteps(path: string, report: Report): void {
  for (const steps of unclear) if (path.includes(steps)) report.invalid(path, `must not contain '${steps}'`);
  for (const end of ["/..", "/."]) if (path.endsWith(end)) report.invalid(path, `cannot end with '${end}'`);
}

function validateBackend({ service, resource }: IIngressBackend, report: Report): void {
  if (resource && service) return report.invalid("", "cannot set both resource and service backends");
  if (resource) {
    for (const field of ["kind", "name"] as const) if (!resource[field]) report.at("resource", field).required();
    return;
  }
  if (!service) return report.invalid("", "resource or service backend is required");
  if (!service.name) return report.at("service", "name").required();
  report.at("service", "name").named(service.name, dnsLabel);
  const { port } = service;
  if (!port?.name && !port?.number) report.required("port name or number is required");
  else if (port.name && port.number) report.invalid("", "cannot set both port name & port number");
  else validatePortOrName(port.name ?? port.number, report.at("service", "port", port.name ? "name" : "number"));
}

export function validateIngressClass({ spec }: IIngressClass, report: Report): void {
  if (!spec?.controller) report.at("spec", "controller").required();
  else validateController(spec.controller, report.at("spec", "controller"));
  if (spec?.parameters) validateParameters(spec.parameters, report.at("spec", "parameters"));
}

const longestController = 250;

function validateController(controller: string, report: Report): void {
  if (controller.length > longestController) report.tooLong(longestController);
  const [, domain] = /^([^/]+)\/.+$/.exec(controller) ?? [];
  if (domain) report.named(domain, dnsSubdomain);
  else report.invalid(controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
}

type Parameters = NonNullable<NonNullable<IIngressClass["spec"]>["parameters"]>;

function validateParameters({ apiGroup, kind, name, scope, namespace }: Parameters, report: Report): void {
  if (apiGroup) report.at("apiGroup").named(apiGroup, dnsSubdomain);
  report.at("kind").requiredName(kind, pathSegment);
  report.at("name").requiredName(name, pathSegment);
  if (scope === undefined) return report.at("scope").required();
  if (scope !== "Cluster" && scope !== "Namespace") report.at("scope").notSupported(scope, ["Cluster", "Namespace"]);
  if (scope === "Namespace" && !namespace) {
    report.at("namespace").required("`parameters.scope` is set to 'Namespace'");
  }
  if (scope === "Namespace" && namespace) report.at("namespace").named(namespace, dnsLabel);
  if (scope === "Cluster" && namespace !== undefined) {
    report.at("namespace").forbidden("`parameters.scope` is set to 'Cluster'");
  }
}

export function validateIngressClassUpdate(now: IIngressClass, old: IIngressClass, report: Report): void {
  report.at("spec", "controller").immutable(now.spec?.controller, old.spec?.controller);
}

export function validateNetworkPolicy({ spec }: INetworkPolicy, report: Report): void {
  const place = report.at("spec");
  validateLabelSelector(spec?.podSelector, place.at("podSelector"));
  if ((spec?.policyTypes?.length ?? 0) > 2) {
    place.at("policyTypes").invalid(spec?.policyTypes, "may not specify more than two policyTypes");
  }
  spec?.ingress?.forEach(({ from, ports }, i) => validatePolicyRule(from, ports, place.at("ingress", i), "from"));
  spec?.egress?.forEach(({ to, ports }, i) => validatePolicyRule(to, ports, place.at("egress", i), "to"));
}

interface PolicyPort {
  protocol?: string;
  port?: string | number;
  endPort?: number;
}

function validatePolicyRule(
  peers: INetworkPolicyPeer[] | undefined,
  ports: PolicyPort[] | undefined,
  report: Report,
  direction: string,
): void {
  ports?.forEach(({ protocol, port, endPort }, i) => {
    const place = report.at("ports", i);
    place.at("protocol").oneOf(protocol, ["TCP", "UDP", "SCTP"]);
    if (port !== undefined) validatePortOrName(port, place.at("port"));
    if (endPort === undefined) return;
    if (port === undefined) place.at("endPort").invalid(endPort, "may not be specified when `port` is not specified");
    else if (typeof port === "string") {
      place.at("endPort").invalid(endPort, "may not be specified when `port` is non-numeric");
    } else if (endPort < port) place.at("endPort").invalid(port, "must be greater than or equal to `port`");
  });
  peers?.forEach((peer, i) => validatePeer(peer, report.at(direction, i)));
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: INetworkPolicyPeer, report: Report): void {
  if (!podSelector && !namespaceSelector && !ipBlock) return report.required("must specify a peer");
  validateLabelSelector(podSelector, report.at("podSelector"));
  validateLabelSelector(namespaceSelector, report.at("namespaceSelector"));
  if (!ipBlock) return;
  if (podSelector || namespaceSelector) report.forbidden("may not specify both ipBlock and another peer");
  const { cidr = "", except = [] } = ipBlock;
  const place = report.at("ipBlock");
  const before = report.faults.length;
  if (!cidr) place.at("cidr").required();
  else validateCidr(cidr, place.at("cidr"));
  if (report.faults.length > before) return;
  except.forEach((inner, i) => {
    const known = report.faults.length;
    validateCidr(inner, place.at("except", i));
    if (report.faults.length === known && !isStrictSubset(inner, cidr)) {
      place.at("except", i).invalid(inner, "must be a strict subset of `cidr`");
    }
  });
}

function isStrictSubset(inner: string, outer: string): boolean {
  const [small, large] = [readIpRange(inner), readIpRange(outer)];
  if (!small || !large) return false;
  return small.size < large.size && inRange(large, { family: small.family, number: small.first });
}
