/** A Service as the allocators see it, and which of the pooled values its type calls for. */
import { invalid, type KubeObject, type StatusError } from "../../schema/mod.ts";

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  nodePort?: number;
}

export interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  selector?: Record<string, string>;
  ports?: ServicePort[];
  externalTrafficPolicy?: string;
  healthCheckNodePort?: number;
  allocateLoadBalancerNodePorts?: boolean;
}

export function specOf(object: KubeObject | undefined): ServiceSpec {
  return (object?.spec ?? {}) as ServiceSpec;
}

export function isHeadless({ clusterIP }: ServiceSpec): boolean {
  return clusterIP === "None";
}

export function wantsClusterIp(spec: ServiceSpec): boolean {
  return spec.type !== "ExternalName" && !isHeadless(spec);
}

export function mayHaveNodePorts({ type }: ServiceSpec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

export function wantsNodePorts(spec: ServiceSpec): boolean {
  return spec.type === "NodePort" || spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false;
}

export function wantsHealthCheckPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === "LoadBalancer" && externalTrafficPolicy === "Local";
}

/** 422 about one value of a Service. */
export function invalidService(object: KubeObject, field: string, value: unknown, why: string): StatusError {
  return invalid({ group: "", kind: "Service" }, object.metadata?.name ?? "", [{
    reason: "FieldValueInvalid",
    field,
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  }]);
}
