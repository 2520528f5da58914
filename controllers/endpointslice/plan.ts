/**
 * Which EndpointSlices to write so that they carry the endpoints. Pure.
 *
 * Laws: a slice holds at most `maxEndpoints`; endpoints stay in the slice they are in; only slices whose content differs
 * are written; slices that hold nothing go, but a group without endpoints keeps one, so that readers can tell "none" from
 * "not looked at yet".
 */
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { IEndpointPort } from "kubernetes-models/discovery.k8s.io/v1/EndpointPort";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { ObjectMeta, Stored } from "../../runtime/schema/mod.ts";
import type { AddressFamily, EndpointGroup } from "../endpoints/plan.ts";
import { sameJson } from "../../runtime/loop/mod.ts";

export const maxEndpoints = 100;
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
export const serviceNameLabel = "kubernetes.io/service-name";

export type SliceObject = Stored<IEndpointSlice>;

export interface SlicePlan {
  readonly create: readonly IEndpointSlice[];
  readonly update: readonly IEndpointSlice[];
  readonly remove: readonly SliceObject[];
}

/** What all slices of one Service have in common. */
export type SliceFrame =
  & Required<Pick<ObjectMeta, "generateName" | "namespace" | "labels" | "ownerReferences">>
  & Pick<ObjectMeta, "annotations">;

export interface SliceWorld {
  readonly frame: SliceFrame;
  readonly groups: readonly EndpointGroup[];
  readonly family: AddressFamily;
  /** The Service's slices of this family that the same loop made. */
  readonly existing: readonly SliceObject[];
}

export function planSlices({ frame, groups, family, existing }: SliceWorld): SlicePlan {
  const create: IEndpointSlice[] = [], update: IEndpointSlice[] = [];
  const unused = new Set(existing);
  for (const { ports, endpoints } of groups) {
    const mine = existing.filter((slice) => samePorts(slice.ports, ports) && unused.has(slice));
    for (const { slice, members } of spread(endpoints, mine)) {
      if (slice) unused.delete(slice);
      const desired = sliceOf({ frame, family, ports, endpoints: members, before: slice });
      if (!slice) create.push(desired);
      else if (!sameSlice(slice, desired)) update.push(desired);
    }
  }
  return { create, update, remove: [...unused] };
}

/** By name, so that the same ports in another order are the same. */
function samePorts(a: readonly IEndpointPort[] | undefined, b: readonly IEndpointPort[]): boolean {
  const sorted = (ports: readonly IEndpointPort[]) =>
    [...ports].sort((x, y) => ((x.name ?? "") < (y.name ?? "") ? -1 : 1));
  return sameJson(sorted(a ?? []), sorted(b));
}

interface Share {
  readonly slice?: SliceObject;
  readonly members: readonly IEndpoint[];
}

/** Endpoints stay where they are; new ones fill the gaps, then new slices. An empty group keeps one slice. */
function spread(endpoints: readonly IEndpoint[], slices: readonly SliceObject[]): Share[] {
  const left = new Map(endpoints.map((endpoint) => [idOf(endpoint), endpoint]));
  const shares = slices.map((slice) => {
    const members: IEndpoint[] = [];
    for (const { id } of (slice.endpoints ?? []).map((endpoint) => ({ id: idOf(endpoint) }))) {
      const endpoint = left.get(id);
      if (endpoint && left.delete(id)) members.push(endpoint);
    }
    return { slice, members };
  });
  const rest = [...left.values()];
  for (const share of shares) {
    if (share.members.length > 0) share.members.push(...rest.splice(0, maxEndpoints - share.members.length));
  }
  const kept: Share[] = shares.filter((share) => share.members.length > 0);
  const spare = shares.filter((share) => share.members.length === 0).map(({ slice }) => slice);
  do {
    if (rest.length === 0 && kept.length > 0) break;
    kept.push({ slice: spare.shift(), members: rest.splice(0, maxEndpoints) });
  } while (rest.length > 0);
  return kept;
}

function idOf(endpoint: IEndpoint): string {
  return endpoint.targetRef?.uid ?? endpoint.addresses.join();
}

interface SliceParts {
  readonly frame: SliceFrame;
  readonly family: AddressFamily;
  readonly ports: readonly IEndpointPort[];
  readonly endpoints: readonly IEndpoint[];
  readonly before?: SliceObject;
}

function sliceOf({ frame, family, ports, endpoints, before }: SliceParts): IEndpointSlice {
  const content = { addressType: family, endpoints: [...endpoints], ports: [...ports] };
  const { labels, annotations } = frame;
  if (before) return { ...before, metadata: { ...before.metadata, labels, annotations }, ...content };
  return { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", metadata: frame, ...content };
}

function sameSlice(before: SliceObject, desired: IEndpointSlice): boolean {
  return sameJson(before.metadata.labels, desired.metadata?.labels) &&
    sameJson(before.metadata.annotations ?? {}, desired.metadata?.annotations ?? {}) &&
    sameJson(before.endpoints ?? [], desired.endpoints ?? []) && samePorts(before.ports, desired.ports ?? []);
}
