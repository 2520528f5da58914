/** What upstream fills in for CustomResourceDefinitions, APIServices and device claims. */
import type { ICustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
import type { IAPIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
import type { IDeviceClaim } from "kubernetes-models/resource.k8s.io/v1/DeviceClaim";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IResourceClaimTemplate } from "kubernetes-models/resource.k8s.io/v1/ResourceClaimTemplate";
import { fill } from "./fill.ts";

export function defaultDefinition({ spec }: ICustomResourceDefinition): void {
  if (!spec) return;
  const names = spec.names;
  if (names?.kind) fill(names, { singular: names.kind.toLowerCase(), listKind: `${names.kind}List` });
  fill(spec, { conversion: { strategy: "None" } });
  const service = spec.conversion?.webhook?.clientConfig?.service;
  if (service) fill(service, { port: 443 });
}

export function defaultApiService({ spec }: IAPIService): void {
  if (spec?.service) fill(spec.service, { port: 443 });
}

export function defaultResourceClaim({ spec }: IResourceClaim): void {
  defaultDeviceClaim(spec?.devices);
}

export function defaultResourceClaimTemplate({ spec }: IResourceClaimTemplate): void {
  defaultDeviceClaim(spec?.spec?.devices);
}

function defaultDeviceClaim(devices?: IDeviceClaim): void {
  for (const request of devices?.requests ?? []) {
    for (const one of [request.exactly, ...request.firstAvailable ?? []]) {
      if (!one) continue;
      fill(one, { allocationMode: "ExactCount" });
      if (one.allocationMode === "ExactCount") fill(one, { count: 1 });
    }
  }
}
