/** What upstream fills in for the small kinds of the core group and of scheduling. */
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import type { ILimitRange } from "kubernetes-models/v1/LimitRange";
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INode } from "kubernetes-models/v1/Node";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { ISecret } from "kubernetes-models/v1/Secret";
import { fill } from "./fill.ts";

/** Selectors find a namespace by the label that bears its name (KEP-2161). */
export function defaultNamespace(namespace: INamespace): void {
  fill(namespace.status ??= {}, { phase: "Active" });
  const meta = namespace.metadata;
  if (meta?.name) (meta.labels ??= {})["kubernetes.io/metadata.name"] = meta.name;
}

export function defaultNode({ spec, status }: INode): void {
  if (spec?.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
}

/** `stringData` is a way of writing `data` and is never stored. */
export function defaultSecret(secret: ISecret): void {
  fill(secret, { type: "Opaque" });
  const { stringData } = secret;
  delete secret.stringData;
  for (const [key, text] of Object.entries(stringData ?? {})) {
    (secret.data ??= {})[key] = new TextEncoder().encode(text).toBase64();
  }
}

export function defaultEndpoints({ subsets }: IEndpoints): void {
  for (const { ports } of subsets ?? []) {
    for (const port of ports ?? []) fill(port, { protocol: "TCP" });
  }
}

export function defaultPriorityClass(priorityClass: IPriorityClass): void {
  fill(priorityClass, { preemptionPolicy: "PreemptLowerPriority" });
}

/** For containers a maximum is the default limit, and a limit the default request. */
export function defaultLimitRange({ spec }: ILimitRange): void {
  for (const item of spec?.limits ?? []) {
    if (item.type !== "Container") continue;
    const limits = item.default ??= {};
    fill(limits, { ...item.max });
    const requests = item.defaultRequest ??= {};
    fill(requests, { ...limits });
    fill(requests, { ...item.min });
    if (!Object.keys(limits).length) delete item.default;
    if (!Object.keys(requests).length) delete item.defaultRequest;
  }
}
