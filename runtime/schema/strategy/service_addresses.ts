/**
 * What was allocated for a Service stays when an update leaves it out, as long as the Service still needs it: a client may
 * send the object that it once wrote. What an update says explicitly is left for validation to judge.
 */
import type { IService } from "kubernetes-models/v1/Service";
import type { IServicePort } from "kubernetes-models/v1/ServicePort";

type Spec = NonNullable<IService["spec"]>;

const kept = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] as const;

/** In place. */
export function keepAllocated(service: IService, old: IService): void {
  const spec = service.spec;
  const before = old.spec;
  if (!spec || !before) return;
  dropOutgrown(spec, before);
  if (hasClusterIp(spec) && hasClusterIp(before)) keepAddresses(spec, before);
  if (hasNodePorts(spec) && hasNodePorts(before)) keepNodePorts(spec, before);
  if (isLocal(spec) && isLocal(before) && !spec.healthCheckNodePort && before.healthCheckNodePort) {
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
  if (spec.clusterIP && spec.clusterIP !== before.clusterIP) return;
  for (const field of kept) {
    if (isUnset(spec[field]) && before[field] !== undefined) {
      Object.assign(spec, { [field]: structuredClone(before[field]) });
    }
  }
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

/** A Service without a type is a ClusterIP one. */
function hasClusterIp({ type }: Spec): boolean {
  return type !== "ExternalName";
}

function hasNodePorts({ type, allocateLoadBalancerNodePorts }: Spec): boolean {
  return type === "NodePort" || type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false;
}

function isLocal({ type, externalTrafficPolicy }: Spec): boolean {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local";
}
