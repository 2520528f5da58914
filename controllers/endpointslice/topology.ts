/**
 * Topology-aware hints (annotation `service.kubernetes.io/topology-mode: Auto`): each zone is given endpoints in proportion to
 * the cpu of its nodes, its own where it can. Pure.
 *
 * Laws: every ready endpoint is meant for one zone; no endpoint is expected to carry more than a fifth above its share; no
 * more endpoints than needed serve another zone than theirs. Where that can't be, nobody is given hints, with a reason.
 *
 * Source: KEP-2433, "Topology Aware Routing" (https://kubernetes.io/docs/concepts/services-networking/topology-aware-routing/).
 */
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { INode } from "kubernetes-models/v1/Node";
import { milliOf, type Stored } from "../../runtime/schema/mod.ts";
import { type AddressFamily, type EndpointGroup, type ServiceObject, zoneLabel } from "../endpoints/plan.ts";
import { conditionOf } from "../objects/conditions.ts";

type NodeObject = Stored<INode>;

/** The older name counts first. */
const modes = ["service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"];
const masters = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];
const mostOverload = 0.2;

export function isTopologyAware({ metadata: { annotations = {} } }: ServiceObject): boolean {
  const mode = modes.map((name) => annotations[name]).find((value) => value !== undefined);
  return mode === "Auto" || mode === "auto";
}

/** What of a node decides about hints. */
export function zoneFacts({ metadata: { labels = {} }, status }: NodeObject): unknown[] {
  const ready = conditionOf(status?.conditions, "Ready")?.status === "True";
  return [labels[zoneLabel], status?.allocatable?.cpu, ready, masters.some((label) => label in labels)];
}

/** Each zone's share of the cluster's cpu, or why there is no telling. */
export function zoneShares(nodes: Iterable<NodeObject>): ReadonlyMap<string, number> | string {
  const cpu = new Map<string, number>();
  for (const node of nodes) {
    const [zone, amount, ready, isMaster] = zoneFacts(node) as [string?, string?, boolean?, boolean?];
    if (!ready || isMaster) continue;
    if (!zone || !amount || milliOf(amount) <= 0) {
      return "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes";
    }
    cpu.set(zone, (cpu.get(zone) ?? 0) + milliOf(amount));
  }
  if (cpu.size < 2) return "Nodes only ready in one zone";
  const total = [...cpu.values()].reduce((sum, amount) => sum + amount, 0);
  return new Map([...cpu].sort(([a], [b]) => a < b ? -1 : 1).map(([zone, amount]) => [zone, amount / total]));
}

export interface Hinted {
  readonly groups: readonly EndpointGroup[];
  /** Why there are no hints. */
  readonly refusal?: string;
}

/** Sets or takes away the hints of all endpoints. */
export function withZoneHints(
  groups: readonly EndpointGroup[],
  nodes: Iterable<NodeObject>,
  family: AddressFamily,
): Hinted {
  const shares = zoneShares(nodes);
  const refuse = (reason: string): Hinted => ({
    groups: groups.map((group) => ({ ...group, endpoints: group.endpoints.map(({ hints: _, ...rest }) => rest) })),
    refusal: `${reason}, addressType: ${family}`,
  });
  if (typeof shares === "string") return refuse(shares);
  const hinted: EndpointGroup[] = [];
  for (const group of groups) {
    const zones = zonesOf(group.endpoints.filter(({ conditions }) => conditions?.ready), shares);
    if (typeof zones === "string") return refuse(zones);
    const endpoints = group.endpoints.map(({ hints: _, ...endpoint }) => {
      const zone = zones.get(endpoint.addresses[0]!);
      return zone ? { ...endpoint, hints: { forZones: [{ name: zone }] } } : endpoint;
    });
    hinted.push({ ...group, endpoints });
  }
  return { groups: hinted };
}

/** By address the zone that each endpoint is meant for. */
export function zonesOf(
  ready: readonly IEndpoint[],
  shares: ReadonlyMap<string, number>,
): ReadonlyMap<string, string> | string {
  const count = ready.length;
  if (ready.some(({ zone }) => !zone)) return "One or more endpoints do not have a zone specified";
  if (count < shares.size) {
    return `Insufficient number of endpoints (${count}), impossible to safely allocate proportionally`;
  }
  // The last bit of a product must not ask for one endpoint more.
  const least = new Map(
    [...shares].map(([zone, share]) => [zone, Math.ceil(share * count / (1 + mostOverload) - 1e-9)]),
  );
  if ([...least.values()].reduce((sum, one) => sum + one, 0) > count) {
    return "Unable to allocate minimum required endpoints to each zone without exceeding overload threshold " +
      `(${count} endpoints, ${shares.size} zones)`;
  }
  return share(ready, { shares, least });
}

interface Aim {
  readonly shares: ReadonlyMap<string, number>;
  /** How many endpoints each zone needs. */
  readonly least: ReadonlyMap<string, number>;
}

function share(ready: readonly IEndpoint[], { shares, least }: Aim): Map<string, string> {
  const members = new Map([...shares.keys()].map((zone): [string, string[]] => [zone, []]));
  const homeless: string[] = [];
  for (const { zone, addresses } of ready) (members.get(zone!) ?? homeless).push(addresses[0]!);
  for (const list of [...members.values(), homeless]) list.sort();
  const load = (zone: string) => shares.get(zone)! / members.get(zone)!.length;
  const zones = [...shares.keys()];
  for (const zone of zones) {
    const own = members.get(zone)!;
    while (own.length < least.get(zone)!) {
      const richest = zones.filter((one) => members.get(one)!.length > least.get(one)!)
        .toSorted((a, b) => load(a) - load(b))[0];
      own.push(homeless.pop() ?? members.get(richest!)!.pop()!);
    }
  }
  for (const address of homeless) members.get(zones.toSorted((a, b) => load(b) - load(a))[0]!)!.push(address);
  return new Map([...members].flatMap(([zone, list]) => list.map((address) => [address, zone] as const)));
}
