/** Services, as asked for; addresses and node ports are checked again by who allocates them. */
import type { IService } from "kubernetes-models/v1/Service";
import type { IServicePort } from "kubernetes-models/v1/ServicePort";
import { isIP } from "node:net";
import { dnsLabel, dnsSubdomain } from "./names.ts";
import { validateIp, validatePort, validatePortOrName } from "./numbers.ts";
import { validateLabels } from "./metadata.ts";
import type { Report } from "./report.ts";

type Spec = NonNullable<IService["spec"]>;

export function validateService({ spec = {} }: IService, report: Report): void {
  const place = report.at("spec");
  validatePorts(spec, place.at("ports"));
  validateLabels(spec.selector, place.at("selector"));
  validateAddresses(spec, place);
  validateAffinity(spec, place);
  validatePolicies(spec, place);
  spec.externalIPs?.forEach((address, i) => validateIp(address, place.at("externalIPs", i)));
}

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
  validatePortOrName(port.targetPort, report.at("targetPort"));
  if (port.nodePort) validatePort(port.nodePort, report.at("nodePort"));
}

function validateAddresses(spec: Spec, report: Report): void {
  if (spec.type === "ExternalName") return validateExternalName(spec, report);
  validateFamilies(spec, report);
  const { clusterIP = "", clusterIPs = [] } = spec;
  const place = report.at("clusterIPs");
  if (clusterIPs.length === 0) return;
  if (clusterIP !== "" && clusterIPs[0] !== clusterIP) place.invalid(clusterIPs, "first value must match `clusterIP`");
  if (clusterIP === "") place.invalid(clusterIPs, "must be empty when `clusterIP` is not specified");
  if (clusterIPs.length > 2) place.invalid(clusterIPs, "may only hold up to 2 values");
  clusterIPs.forEach((_, i) => validateClusterIp(spec, i, place.at(i)));
  const families = clusterIPs.map(isIP);
  if (clusterIPs.length === 2 && families[0] === families[1] && families[0] !== 0) {
    place.invalid(clusterIPs, "may specify no more than one IP for each IP family");
  }
}

function validateClusterIp({ clusterIPs = [], ipFamilies = [] }: Spec, i: number, report: Report): void {
  const address = clusterIPs[i]!;
  if (address === "None") {
    if (clusterIPs.length > 1) report.invalid(address, "must be set to 'None' or a valid IP, but not both");
    return;
  }
  if (!isIP(address)) return validateIp(address, report);
  const family = ipFamilies[i];
  if (family && family !== `IPv${isIP(address)}`) {
    report.invalid(address, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``);
  }
}

const families = ["IPv4", "IPv6"];

function validateFamilies({ ipFamilies = [] }: Spec, report: Report): void {
  const place = report.at("ipFamilies");
  if (ipFamilies.length > 2) place.invalid(ipFamilies, "may only hold up to 2 values");
  ipFamilies.forEach((family, i) => {
    if (!families.includes(family)) place.at(i).notSupported(family, families);
    else if (ipFamilies.indexOf(family) < i) place.at(i).duplicate(family);
  });
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
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > longestAffinitySeconds)) {
    report.at("sessionAffinityConfig", "clientIP", "timeoutSeconds").invalid(
      seconds,
      `must be greater than 0 and less than or equal to ${longestAffinitySeconds}`,
    );
  }
}

function validatePolicies(spec: Spec, report: Report): void {
  const published = spec.type === "NodePort" || spec.type === "LoadBalancer" || (spec.externalIPs?.length ?? 0) > 0;
  if (spec.externalTrafficPolicy && !published) {
    report.at("externalTrafficPolicy").invalid(
      spec.externalTrafficPolicy,
      "may only be set for externally-accessible services",
    );
  }
  if (spec.healthCheckNodePort && !needsHealthPort(spec)) {
    report.at("healthCheckNodePort").invalid(
      spec.healthCheckNodePort,
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    );
  }
  if (spec.loadBalancerClass && spec.type !== "LoadBalancer") {
    report.at("loadBalancerClass").forbidden("may only be used when `type` is 'LoadBalancer'");
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== "LoadBalancer") {
    report.at("allocateLoadBalancerNodePorts").forbidden("may only be used when `type` is 'LoadBalancer'");
  }
}

/** An address stays while the Service needs one; a change of type from or to ExternalName may set or drop it. */
export function validateServiceUpdate({ spec = {} }: IService, old: IService, report: Report): void {
  const before = old.spec ?? {};
  const place = report.at("spec");
  if (spec.type !== "ExternalName" && before.type !== "ExternalName") validateKept(spec, before, place);
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
  for (const field of ["clusterIPs", "ipFamilies"] as const) {
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
