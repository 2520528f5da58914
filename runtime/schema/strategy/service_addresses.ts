/**
 * What was allocated for a Service stays when an update leaves it out, as long as the Service still needs it: a client may
 * send the object that it once wrote (`kubectl replace` of a plain manifest). What its new type has no use for is let go of.
 * What an update says explicitly is left for validation to judge.
 */
import type { IService } from "kubernetes-models/v1/Service";
import type { IServicePort } from "kubernetes-models/v1/ServicePort";
import { sameJson } from "../validation/report.ts";

type Spec = NonNullable<IService["spec"]>;

/** In place: `clusterIP`, which old clients know alone, stands for `clusterIPs` too. */
export function listAddress({ spec }: IService): void {
  if (spec?.clusterIP && isUnset(spec.clusterIPs)) spec.clusterIPs = [spec.clusterIP];
}

/** In place. */
export function keepAllocated(service: IService, old: IService): void {
  const before = old.spec;
  if (!before) return;
  const spec = service.spec ??= {};
  dropOutgrown(spec, before);
  if (hasClusterIp(spec) && hasClusterIp(before)) keepAddresses(spec, before);
  else if (hasClusterIp(before) && spec.clusterIP === before.clusterIP) dropAddresses(spec);
  if (hasNodePorts(spec) && hasNodePorts(before)) keepNodePorts(spec, before);
  else if (mayHaveNodePorts(before) && !mayHaveNodePorts(spec)) dropNodePorts(spec, before);
  if (!isLocal(before)) return;
  if (!isLocal(spec)) delete spec.healthCheckNodePort;
  else if (!spec.healthCheckNodePort && before.healthCheckNodePort) {
    spec.healthCheckNodePort = before.healthCheckNodePort;
  }
}

/** Fields that only some Services have, and which those are. */
const ofSome: readonly (readonly [keyof Spec, (spec: Spec) => boolean])[] = [
  ["externalTrafficPolicy", isPublished],
  ["allocateLoadBalancerNodePorts", ({ type }) => type === "LoadBalancer"],
  ["loadBalancerClass", ({ type }) => type === "LoadBalancer"],
];

/** Who changes the type alone means the fields too that only the former type could have. */
function dropOutgrown(spec: Spec, before: Spec): void {
  for (const [field, has] of ofSome) {
    if (has(before) && !has(spec) && spec[field] === before[field]) delete spec[field];
  }
}

function isPublished({ type, externalIPs = [] }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer" || externalIPs.length > 0;
}

function keepAddresses(spec: Spec, before: Spec): void {
  // Changed alone it speaks for both.
  const listed = !isUnset(spec.clusterIPs) && sameJson(spec.clusterIPs, before.clusterIPs);
  if (spec.clusterIP && spec.clusterIP !== before.clusterIP && (listed || isUnset(spec.clusterIPs))) {
    spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (isUnset(spec.clusterIP) && before.clusterIP) spec.clusterIP = spec.clusterIPs?.[0] ?? before.clusterIP;
  for (const field of ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) {
    if (isUnset(spec[field]) && before[field] !== undefined) {
      Object.assign(spec, { [field]: structuredClone(before[field]) });
    }
  }
  if (spec.ipFamilyPolicy === "SingleStack" && before.ipFamilyPolicy !== "SingleStack") keepFirst(spec, before);
}

/** Of the second family nothing is left when only the policy says that there is one. */
function keepFirst(spec: Spec, before: Spec): void {
  for (const field of ["clusterIPs", "ipFamilies"] as const) {
    if (sameJson(spec[field], before[field])) Object.assign(spec, { [field]: spec[field]?.slice(0, 1) });
  }
}

function dropAddresses(spec: Spec): void {
  for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const) delete spec[field];
}

function isUnset(value: string | string[] | null | undefined): boolean {
  return value === undefined || value === null || value.length === 0;
}

function keepNodePorts(spec: Spec, before: Spec): void {
  const keyOf = ({ protocol = "TCP", port }: IServicePort) => `${protocol}/${port}`;
  const known = new Map(before.ports?.map((port) => [keyOf(port), port.nodePort]));
  const taken = new Set(spec.ports?.map((port) => port.nodePort));
  for (const port of spec.ports ?? []) {
    const nodePort = known.get(keyOf(port));
    if (!port.nodePort && nodePort && !taken.has(nodePort)) port.nodePort = nodePort;
  }
}

function dropNodePorts(spec: Spec, before: Spec): void {
  const held = new Set(before.ports?.map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) if (held.has(port.nodePort)) delete port.nodePort;
}

/** A Service without a type is a ClusterIP one. */
function hasClusterIp({ type }: Spec): boolean {
  return type !== "ExternalName";
}

function mayHaveNodePorts({ type }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function hasNodePorts({ type, allocateLoadBalancerNodePorts }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false;
}

function isLocal({ type, externalTrafficPolicy }: Spec): boolean {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local";
}
