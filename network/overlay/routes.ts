/**
 * Plain routes to the pod subnets of other nodes: what must be, what is, and what to do about it. Pure.
 *
 * Our routes carry a routing protocol number of their own, so that nobody's else are ever touched.
 */
import type { INode } from "kubernetes-models/v1/Node";
import { cidrHolds } from "../ipv4.ts";

/** `proto` of our routes; not in iproute2's rt_protos. */
export const routeProtocol = "138";

export interface Route {
  /** Pod subnet. */
  readonly subnet: string;
  /** The node's InternalIP. */
  readonly via: string;
}

/** A node that no plain route leads to. */
export interface Unreachable {
  readonly node: string;
  readonly reason: string;
}

export interface RoutePlan {
  readonly routes: readonly Route[];
  readonly unreachable: readonly Unreachable[];
}

/** `links`: this machine's own addresses with their prefix lengths, such as `172.30.1.2/24`. */
export function planRoutes(nodes: readonly INode[], nodeName: string, links: readonly string[]): RoutePlan {
  const routes: Route[] = [];
  const unreachable: Unreachable[] = [];
  for (const node of nodes) {
    const name = node.metadata?.name ?? "";
    const subnet = node.spec?.podCIDR;
    // A node without a subnet has no pods to reach yet.
    if (name === nodeName || !subnet) continue;
    const via = internalIp(node);
    const reason = whyNot(via, links);
    if (via !== undefined && reason === undefined) routes.push({ subnet, via });
    else unreachable.push({ node: name, reason: reason ?? "" });
  }
  return { routes, unreachable };
}

export function internalIp({ status }: INode): string | undefined {
  return status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
}

function whyNot(via: string | undefined, links: readonly string[]): string | undefined {
  if (via === undefined) return "it has no InternalIP";
  if (links.some((link) => cidrHolds(link, via))) return undefined;
  return `its InternalIP ${via} is not on a link of this node (${
    links.join(", ") || "no address"
  }), and plain routes ` +
    "need one: put the nodes on one network, or use an overlay that tunnels";
}

/** Arguments of `ip` that turn the routes that are there into those that must be. */
export function routeCommands(present: readonly Route[], wanted: readonly Route[]): string[][] {
  const has = (routes: readonly Route[], { subnet, via }: Route) =>
    routes.some((route) => route.subnet === subnet && route.via === via);
  const subnets = new Set(wanted.map(({ subnet }) => subnet));
  const stale = present.filter(({ subnet }) => !subnets.has(subnet));
  const fresh = wanted.filter((route) => !has(present, route));
  return [
    ...stale.map(({ subnet }) => ["route", "del", subnet, "proto", routeProtocol]),
    ...fresh.map(({ subnet, via }) => ["route", "replace", subnet, "via", via, "proto", routeProtocol]),
  ];
}
