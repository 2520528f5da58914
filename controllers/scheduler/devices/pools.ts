/**
 * Devices that drivers offer, as the scheduler counts them: pools of the newest generation, and what is taken of each.
 *
 * Laws: a pool of which slices are missing offers nothing; what a placed pod was promised and the API does not tell yet
 * counts as taken.
 *
 * Source: resource.k8s.io/v1 ResourceSlice; KEP-4381, KEP-4815 (partitionable devices), KEP-5075 (consumable capacity).
 */
import type { IDevice } from "kubernetes-models/resource.k8s.io/v1/Device";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IResourceSlice } from "kubernetes-models/resource.k8s.io/v1/ResourceSlice";
import { milliOf, type Stored } from "../../../runtime/schema/mod.ts";
import { bump, type NodeState } from "../node_state.ts";
import { nodeSelectorMatches } from "../plugins/node_selector.ts";

type Slice = Stored<IResourceSlice>;
export type Allocation = NonNullable<NonNullable<IResourceClaim["status"]>["allocation"]>;
export type Result = NonNullable<NonNullable<Allocation["devices"]>["results"]>[number];

/** A device with the slice that offers it. */
export interface Offer {
  /** `driver/pool/device`. */
  readonly id: string;
  readonly device: IDevice;
  readonly slice: Slice;
  readonly pool: Pool;
}

export interface Pool {
  readonly driver: string;
  readonly name: string;
  readonly complete: boolean;
  readonly slices: readonly Slice[];
  /** `set/counter` to its amount, in thousandths. */
  readonly counters: ReadonlyMap<string, number>;
  readonly offers: Offer[];
}

export function poolsOf(slices: readonly Slice[]): Pool[] {
  const byPool = Map.groupBy(slices, ({ spec }) => `${spec.driver}/${spec.pool.name}`);
  return [...byPool.values()].map(poolOf);
}

function poolOf(all: readonly Slice[]): Pool {
  const newest = Math.max(...all.map(({ spec }) => spec.pool.generation));
  const slices = all.filter(({ spec }) => spec.pool.generation === newest);
  const { driver, pool: { name, resourceSliceCount } } = slices[0]!.spec;
  const sets = slices.flatMap(({ spec }) => spec.sharedCounters ?? []);
  const counters = new Map(
    sets.flatMap((set) =>
      Object.entries(set.counters).map(([counter, { value }]) => [`${set.name}/${counter}`, milliOf(value)] as const)
    ),
  );
  const pool: Pool = { driver, name, complete: slices.length === resourceSliceCount, slices, counters, offers: [] };
  for (const slice of slices) {
    for (const device of slice.spec.devices ?? []) {
      pool.offers.push({ id: `${driver}/${name}/${device.name}`, device, slice, pool });
    }
  }
  return pool;
}

export function isReachable({ device, slice: { spec } }: Offer, node: NodeState): boolean {
  const place = spec.perDeviceNodeSelection ? device : spec;
  if (place.nodeName) return place.nodeName === node.name;
  return place.allNodes === true || (place.nodeSelector !== undefined && nodeSelectorMatches(place.nodeSelector, node));
}

/** What is taken of each device. */
export class Ledger {
  /** Device to the claims that have it, or a share of it. */
  readonly holders = new Map<string, number>();
  /** `device capacity` to the amount that shares have of it, in thousandths. */
  readonly consumed = new Map<string, number>();
  readonly #claims = new Map<string, readonly Result[]>();

  /** The claim has these and no others. */
  set(uid: string, allocation: Allocation | undefined): void {
    this.#count(this.#claims.get(uid) ?? [], -1);
    const results = (allocation?.devices?.results ?? []).filter(({ adminAccess }) => !adminAccess);
    this.#count(results, 1);
    if (results.length > 0) this.#claims.set(uid, results);
    else this.#claims.delete(uid);
  }

  #count(results: readonly Result[], sign: 1 | -1): void {
    for (const { driver, pool, device, consumedCapacity = {} } of results) {
      const id = `${driver}/${pool}/${device}`;
      bump(this.holders, id, sign);
      for (const [name, amount] of Object.entries(consumedCapacity)) {
        bump(this.consumed, `${id} ${name}`, sign * milliOf(amount as string));
      }
    }
  }
}
