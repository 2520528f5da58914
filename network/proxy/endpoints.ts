/**
 * Which endpoints of a Service's port may be used from this node.
 *
 * Laws (KEP-1669 terminating endpoints, KEP-2433 topology hints, KEP-3015 traffic distribution):
 * - ready endpoints; where there is none, those that terminate and still serve;
 * - hints narrow the ready endpoints for policy `Cluster`, and only when every one of them carries hints and at least one
 *   is meant for this node or zone: a half-hinted slice must not lose traffic;
 * - for policy `Local` the same choice is made among this node's endpoints alone, and hints don't matter.
 */
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { ProxyEndpoint } from "./service_port.ts";

export interface Place {
  readonly nodeName: string;
  /** Label `topology.kubernetes.io/zone` of this node. */
  readonly zone?: string;
}

/** `name` is the Service port's name; slices name their ports after it. */
export interface PortName {
  readonly name?: string;
  readonly protocol: string;
}

interface Candidate {
  readonly endpoint: IEndpoint;
  readonly target: ProxyEndpoint;
}

export interface Chosen {
  readonly cluster: readonly ProxyEndpoint[];
  readonly local: readonly ProxyEndpoint[];
}

export function chooseEndpoints(slices: readonly IEndpointSlice[], port: PortName, place: Place): Chosen {
  const all = slices.flatMap((slice) => candidates(slice, port, place));
  const own = all.filter(({ target }) => target.local);
  return {
    cluster: targets(usable(all, (ready) => hinted(ready, place))),
    local: targets(usable(own, (ready) => ready)),
  };
}

function usable(all: readonly Candidate[], narrow: (ready: readonly Candidate[]) => readonly Candidate[]) {
  const ready = all.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  return ready.length > 0 ? narrow(ready) : all.filter(isTerminatingButServing);
}

function isTerminatingButServing({ endpoint: { conditions } }: Candidate): boolean {
  return conditions?.serving === true && conditions.terminating === true;
}

function hinted(ready: readonly Candidate[], { nodeName, zone }: Place): readonly Candidate[] {
  const forNode = narrowed(ready, ({ endpoint }) => endpoint.hints?.forNodes, nodeName);
  return forNode ??
    (zone === undefined ? undefined : narrowed(ready, ({ endpoint }) => endpoint.hints?.forZones, zone)) ??
    ready;
}

function narrowed(
  ready: readonly Candidate[],
  hintsOf: (candidate: Candidate) => readonly { name: string }[] | undefined,
  wanted: string,
): readonly Candidate[] | undefined {
  if (!ready.every((candidate) => hintsOf(candidate)?.length)) return undefined;
  const meant = ready.filter((candidate) => hintsOf(candidate)?.some(({ name }) => name === wanted));
  return meant.length > 0 ? meant : undefined;
}

/** An endpoint has one address, whatever the API allows: the meaning of further ones is not defined. */
function candidates(slice: IEndpointSlice, port: PortName, place: Place): Candidate[] {
  const number = slice.ports?.find((it) =>
    (it.name ?? "") === (port.name ?? "") && (it.protocol ?? "TCP") === port.protocol
  )
    ?.port;
  if (slice.addressType !== "IPv4" || !number) return [];
  return (slice.endpoints ?? []).flatMap((endpoint) => {
    const address = endpoint.addresses?.[0];
    if (!address) return [];
    return [{ endpoint, target: { address, port: number, local: endpoint.nodeName === place.nodeName } }];
  });
}

/** Without duplicates, in an order that doesn't depend on the slices', so that the same endpoints make the same rules. */
function targets(chosen: readonly Candidate[]): ProxyEndpoint[] {
  const byAddress = new Map(chosen.map(({ target }) => [`${target.address}:${target.port}`, target]));
  return [...byAddress].sort(([a], [b]) => a < b ? -1 : 1).map(([, target]) => target);
}
