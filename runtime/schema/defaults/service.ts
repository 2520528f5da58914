/** What upstream fills in for Services; addresses and node ports are allocated elsewhere. */
import type { IService } from "kubernetes-models/v1/Service";
import { fill } from "./fill.ts";

export function defaultService(service: IService): void {
  const spec = service.spec ??= {};
  fill(spec, { type: "ClusterIP", sessionAffinity: "None" });
  defaultAffinity(spec);
  for (const port of spec.ports ?? []) {
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (isReachedFromOutside(spec)) fill(spec, { externalTrafficPolicy: "Cluster" });
  if (spec.type !== "ExternalName") fill(spec, { internalTrafficPolicy: "Cluster" });
  if (spec.type === "LoadBalancer") fill(spec, { allocateLoadBalancerNodePorts: true });
}

type Spec = NonNullable<IService["spec"]>;

function defaultAffinity(spec: Spec): void {
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity !== "ClientIP") return;
  const config = spec.sessionAffinityConfig ??= {};
  const client = config.clientIP ??= {};
  fill(client, { timeoutSeconds: 10800 });
}

function isReachedFromOutside(spec: Spec): boolean {
  const published = spec.type === "NodePort" || spec.type === "LoadBalancer";
  return published || spec.type === "ClusterIP" && (spec.externalIPs?.length ?? 0) > 0;
}
