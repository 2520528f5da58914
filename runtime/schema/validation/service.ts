/** Services, as asked for; addresses and node ports are checked again by who allocates them. */
import type { IService } from "kubernetes-models/v1/Service";
import type { IServicePort } from "kubernetes-models/v1/ServicePort";
import { validateEndpointIp } from "./addresses.ts";
import { familyOfText } from "./ip_text.ts";
import { dnsLabel, dnsSubdomain, qualifiedName } from "./names.ts";
import { validateCidr, validateIp, validatePort, validatePortOrName } from "./numbers.ts";
import { validateLabels } from "./metadata.ts";
import type { Report } from "./report.ts";

type Spec = NonNullable<IService["spec"]>;

/** Addresses come first: with faulty ones upstream looks no further. */
export function validateService({ metadata, spec = {} }: IService, report: Report): void {
  const place = report.at("spec");
  const before = report.faults.length;
  if (spec.type !== "ExternalName") {
    validateAddresses(spec, place);
    if (report.faults.length > before) return;
  } else validateExternalName(spec, place);
  validatePorts(spec, place.at("ports"));
  validateLabels(spec.selector, place.at("selector"));
  validateAffinity(spec, place);
  spec.externalIPs?.forEach((address, i) => {
    validateIp(address, place.at("externalIPs", i));
    validateEndpointIp(address, place.at("externalIPs", i));
  });
  place.at("type").oneOf(spec.type, types);
  validateSourceRanges(spec, metadata?.annotations, report);
  validatePolicies(spec, place);
  validateTopology(metadata?.annotations, report.at("metadata", "annotations"));
}

const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

function validatePorts(spec: Spec, report: Report): void {
  const ports = spec.ports ?? [];
  const isOptional = spec.clusterIP === "None" || spec.type === "ExternalName";
  if (ports.length === 0 && !isOptional) report.required();
  const names = new Set<string>();
  const taken = new Set<string>();
  ports.forEach((port, i) => {
    validateServicePort(port, ports.length > 1, names, report.at(i));
    if (port.nodePort && spec.type === "ClusterIP") {
      report.at(i, "nodePort").forbidden("may not be used when `type` is 'ClusterIP'");
    }
    const key = `${port.protocol}/${port.port}`;
    if (taken.has(key)) report.at(i).duplicate(goPort(port));
    taken.add(key);
  });
}

/** Upstream prints its own struct here. */
function goPort({ protocol, port }: IServicePort): object {
  return { Name: "", Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function validateServicePort(port: IServicePort, mustHaveName: boolean, names: Set<string>, report: Report): void {
  if (!port.name) {
    if (mustHaveName) report.at("name").required();
  } else {
    report.at("name").named(port.name, dnsLabel);
    if (names.has(port.name)) report.at("name").duplicate(port.name);
    names.add(port.name);
  }
  validatePort(port.port, report.at("port"));
  report.at("protocol").oneOf(port.protocol, ["SCTP", "TCP", "UDP"]);
  validatePortOrName(port.targetPort, report.at("targetPort"));
  if (port.appProtocol !== undefined) report.at("appProtocol").named(port.appProtocol, qualifiedName);
}

function validateAddresses(spec: Spec, report: Report): void {
  const { clusterIP = "", clusterIPs = [], ipFamilies = [] } = spec;
  const families = report.at("ipFamilies");
  ipFamilies.forEach((family, i) => {
    if (!ipVersions.includes(family)) families.at(i).notSupported(family, ipVersions);
    else if (ipFamilies.indexOf(family) < i) families.at(i).duplicate(family);
  });
  report.at("ipFamilyPolicy").oneOf(spec.ipFamilyPolicy, familyPolicies);
  const place = report.at("clusterIPs");
  if (clusterIPs.length === 0) return;
  if (clusterIP === "") place.invalid(clusterIPs, "must be empty when `clusterIP` is not specified");
  else if (clusterIPs[0] !== clusterIP) place.invalid(clusterIPs, "first value must match `clusterIP`");
  if (clusterIPs.length > 2) place.invalid(clusterIPs, "may only hold up to 2 values");
  clusterIPs.forEach((_, i) => validateClusterIp(spec, i, place));
  const given = clusterIPs.map(familyOfText).filter((family) => family !== 0);
  if (new Set(given).size < given.length) {
    place.invalid(clusterIPs, "may specify no more than one IP for each IP family");
  }
}

const ipVersions = ["IPv4", "IPv6"];
const familyPolicies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
const published = ["NodePort", "LoadBalancer"];

function validateClusterIp({ type, clusterIP, clusterIPs = [], ipFamilies = [] }: Spec, i: number, list: Report): void {
  const address = clusterIPs[i]!;
  const place = list.at(i);
  if (i === 0 && address === "None") {
    if (clusterIPs.length > 1) list.invalid(clusterIPs, "'None' must be the first and only value");
    else if (clusterIP === "None" && published.includes(type ?? "")) {
      place.invalid(address, `may not be set to 'None' for ${type} services`);
    }
    return;
  }
  const before = place.faults.length;
  validateIp(address, place);
  const family = ipFamilies[i];
  if (place.faults.length === before && family && family !== `IPv${familyOfText(address)}`) {
    place.invalid(address, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  }
}

function validateExternalName(spec: Spec, report: Report): void {
  for (const field of ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) {
    const value = field === "clusterIPs" && spec.clusterIP ? spec.clusterIP : spec[field];
    if (value?.length) report.at(field).forbidden("may not be set for ExternalName services");
  }
  if (!spec.externalName) report.at("externalName").required();
  else report.at("externalName").named(spec.externalName.replace(/\.$/, ""), dnsSubdomain);
}

const longestAffinitySeconds = 86400;

function validateAffinity(spec: Spec, report: Report): void {
  if (!spec.sessionAffinity) report.at("sessionAffinity").required();
  else report.at("sessionAffinity").oneOf(spec.sessionAffinity, ["ClientIP", "None"]);
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > longestAffinitySeconds)) {
    report.at("sessionAffinityConfig", "clientIP", "timeoutSeconds").invalid(
      seconds,
      `must be greater than 0 and less than ${longestAffinitySeconds}`,
    );
  }
}

const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";
const rangesAnnotation = "service.beta.kubernetes.io/load-balancer-source-ranges";

/** The annotation is older than the field, and not looked at beside it. */
function validateSourceRanges(
  { type, loadBalancerSourceRanges: ranges = [] }: Spec,
  annotations: Record<string, string> | undefined,
  report: Report,
): void {
  // Upstream writes the field's name so.
  const place = report.at("spec", "LoadBalancerSourceRanges");
  if (ranges.length > 0) {
    if (type !== "LoadBalancer") place.forbidden(onlyBalanced);
    return ranges.forEach((range, i) => validateCidr(range.trim(), place.at(i)));
  }
  const text = annotations?.[rangesAnnotation];
  if (text === undefined) return;
  const note = report.at("metadata", "annotations").key(rangesAnnotation);
  if (type !== "LoadBalancer") note.forbidden(onlyBalanced);
  for (const range of text.trim() === "" ? [] : text.split(",")) validateCidr(range.trim(), note);
}

const hints = "service.kubernetes.io/topology-aware-hints";
const mode = "service.kubernetes.io/topology-mode";

/** The one is the other's old name. */
function validateTopology(annotations: Record<string, string> | undefined, report: Report): void {
  const [old, now] = [annotations?.[hints], annotations?.[mode]];
  if (old === undefined || now === undefined || old === now) return;
  report.key(mode).invalid(now, `must match annotations[${hints}] when both are specified`);
}

const trafficPolicies = ["Cluster", "Local"];
const distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];

function validatePolicies(spec: Spec, report: Report): void {
  const isBalanced = spec.type === "LoadBalancer";
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalanced) {
    report.at("allocateLoadBalancerNodePorts").forbidden(onlyBalanced);
  }
  if (spec.loadBalancerClass !== undefined) {
    const place = report.at("loadBalancerClass");
    if (isBalanced) place.named(spec.loadBalancerClass, qualifiedName);
    else place.forbidden(onlyBalanced);
  }
  const isReached = published.includes(spec.type ?? "") ||
    spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0;
  if (spec.externalTrafficPolicy) {
    const place = report.at("externalTrafficPolicy");
    if (isReached) place.oneOf(spec.externalTrafficPolicy, trafficPolicies);
    else place.invalid(spec.externalTrafficPolicy, "may only be set for externally-accessible services");
  }
  if (spec.healthCheckNodePort && !needsHealthPort(spec)) {
    report.at("healthCheckNodePort").invalid(
      spec.healthCheckNodePort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  report.at("internalTrafficPolicy").oneOf(spec.internalTrafficPolicy, trafficPolicies);
  report.at("trafficDistribution").oneOf(spec.trafficDistribution, distributions);
}

/** An address stays while the Service needs one; a change of type from or to ExternalName may set or drop it. */
export function validateServiceUpdate({ spec = {} }: IService, old: IService, report: Report): void {
  const before = old.spec ?? {};
  const place = report.at("spec");
  const hasGoodAddresses = !report.faults.some(({ field }) => /^spec\.(clusterIPs|ipFamilies)\b/.test(field));
  if (hasGoodAddresses && spec.type !== "ExternalName" && before.type !== "ExternalName") {
    validateKept(spec, before, place);
  }
  const stillBalanced = spec.type === "LoadBalancer" && before.type === "LoadBalancer";
  if (stillBalanced && spec.loadBalancerClass !== before.loadBalancerClass) {
    place.at("loadBalancerClass").invalid(spec.loadBalancerClass ?? "", "may not change once set");
  }
  const fixedPort = needsHealthPort(spec) && needsHealthPort(before) && before.healthCheckNodePort;
  if (fixedPort && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    place.at("healthCheckNodePort").invalid(spec.healthCheckNodePort ?? 0, "field is immutable");
  }
}

/** The first of each list stays; a second comes and goes with the policy. */
function validateKept(spec: Spec, before: Spec, report: Report): void {
  const single = spec.ipFamilyPolicy === "SingleStack";
  const isHeadless = spec.clusterIPs?.[0] === "None";
  for (const field of isHeadless ? ["clusterIPs"] as const : ["clusterIPs", "ipFamilies"] as const) {
    const [now, then] = [spec[field] ?? [], before[field] ?? (field === "clusterIPs" ? [before.clusterIP] : [])];
    for (const i of [0, 1]) {
      const held = then[i];
      const dropped = i === 1 && now[1] === undefined && single;
      if (held && now[i] !== held && !dropped) report.at(field, i).invalid(now, "may not change once set");
    }
  }
}

function needsHealthPort({ type, externalTrafficPolicy }: Spec): boolean {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local";
}
