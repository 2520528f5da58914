/**
 * How fast nodes that are not well are emptied: when much of a zone fails at once, it is more likely the network than the
 * nodes, and pods are better left where they are. Pure.
 *
 * Source: "Rate limits on eviction" (https://kubernetes.io/docs/concepts/architecture/nodes/#rate-limits-on-eviction).
 */
import { type NodeObject } from "./health_plan.ts";

/** Share of a zone's nodes, and their least number, that make its disruption partial. */
const unhealthyShare = 0.55;
const unhealthyLeast = 3;

/** A zone of more nodes than these is emptied slowly while it is partly disrupted, a smaller one not at all. */
const largeZone = 50;

const normalMs = 10_000;
const slowMs = 100_000;

export function zoneOf({ metadata }: NodeObject): string {
  const { "topology.kubernetes.io/region": region = "", "topology.kubernetes.io/zone": zone = "" } = metadata.labels ??
    {};
  return `${region}/${zone}`;
}

interface Tally {
  readonly ready: number;
  readonly notReady: number;
}

/** Milliseconds between two nodes of a zone that may be emptied; Infinity: none may. */
export function emptyingPace(nodes: Iterable<NodeObject>): (zone: string) => number {
  const zones = new Map<string, Tally>();
  for (const node of nodes) {
    const zone = zoneOf(node);
    const { ready, notReady } = zones.get(zone) ?? { ready: 0, notReady: 0 };
    zones.set(zone, isReady(node) ? { ready: ready + 1, notReady } : { ready, notReady: notReady + 1 });
  }
  // Nobody answers anywhere: it is this master that is cut off.
  if ([...zones.values()].every(({ ready }) => ready === 0)) return () => Infinity;
  return (zone) => paceOf(zones.get(zone) ?? { ready: 0, notReady: 0 });
}

function paceOf({ ready, notReady }: Tally): number {
  const all = ready + notReady;
  const isPartial = ready > 0 && notReady >= unhealthyLeast && notReady / all >= unhealthyShare;
  if (!isPartial) return normalMs;
  return all > largeZone ? slowMs : Infinity;
}

function isReady({ status }: NodeObject): boolean {
  return status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True") ?? false;
}

/** When each zone may have its next node emptied. */
export class ZoneLimits {
  readonly #next = new Map<string, number>();

  /** 0 when one may be emptied now, and then the next must wait; otherwise the milliseconds to wait. */
  take(zone: string, paceMs: number, now: number): number {
    if (paceMs === Infinity) return Infinity;
    const waitMs = Math.max(0, (this.#next.get(zone) ?? 0) - now);
    if (waitMs === 0) this.#next.set(zone, now + paceMs);
    return waitMs;
  }
}
