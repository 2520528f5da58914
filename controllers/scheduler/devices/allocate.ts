/**
 * Which devices of one node satisfy all claims of a pod at once: a search that goes back where a choice leads nowhere.
 * Pure.
 *
 * Laws: a device is given once, unless it may be shared or is only watched (adminAccess); shares never exceed its
 * capacity, nor devices together the counters of their pool; constraints hold over all of a claim's devices; the search
 * ends after a fixed number of steps, whatever is asked.
 */
import { attributeText } from "./device_selector.ts";
import type { Ledger, Offer } from "./pools.ts";
import { milliOf } from "../../../runtime/schema/mod.ts";
import type { Alternative, Candidate, ClaimObject, Want } from "./wants.ts";

export interface Grant {
  readonly claim: ClaimObject;
  readonly alternative: Alternative;
  readonly candidate: Candidate;
}

/** Every choice is one step: far more than a node's devices need, and over in a moment. */
const mostSteps = 100_000;

export const tooHard = "timed out trying to allocate devices";

/** Undefined: there is no way. Throws where finding out takes too long. */
export function allocate(wants: readonly Want[], ledger: Ledger): readonly Grant[] | undefined {
  const search = new Search(wants, ledger);
  return search.want(0) ? search.grants : undefined;
}

class Search {
  readonly grants: Grant[] = [];
  #steps = 0;

  constructor(private readonly wants: readonly Want[], private readonly ledger: Ledger) {}

  want(at: number): boolean {
    const want = this.wants[at];
    if (!want) return true;
    return want.alternatives.some((alternative) => {
      const { count = alternative.candidates.length } = alternative;
      // All of nothing is nothing that a pod could use.
      return count > 0 && this.#choose({ at, want, alternative, left: count, from: 0 });
    });
  }

  #choose({ at, want, alternative, left, from }: Choice): boolean {
    if (left === 0) return this.want(at + 1);
    const { candidates } = alternative;
    for (let next = from; next <= candidates.length - left; next++) {
      if (++this.#steps > mostSteps) throw new Error(tooHard);
      const grant = { claim: want.claim, alternative, candidate: candidates[next]! };
      if (!this.#allowed(grant, want)) continue;
      this.grants.push(grant);
      if (this.#choose({ at, want, alternative, left: left - 1, from: next + 1 })) return true;
      this.grants.pop();
    }
    return false;
  }

  #allowed(grant: Grant, { claim, constraints }: Want): boolean {
    if (!grant.alternative.ask.adminAccess && !this.#isFree(grant.candidate)) return false;
    const siblings = [...this.grants.filter((other) => other.claim === claim), grant];
    return constraints.every((constraint) => holds(constraint, siblings));
  }

  #isFree({ offer, takes }: Candidate): boolean {
    const others = this.grants.filter(({ alternative }) => !alternative.ask.adminAccess);
    const same = others.filter(({ candidate }) => candidate.offer.id === offer.id);
    const held = this.ledger.holders.has(offer.id) || same.length > 0;
    if (held && !offer.device.allowMultipleAllocations) return false;
    if (offer.device.allowMultipleAllocations && !this.#hasCapacity(offer, takes, same)) return false;
    return held || this.#hasCounters(offer, others.map(({ candidate }) => candidate.offer));
  }

  #hasCapacity({ id, device }: Offer, takes: Candidate["takes"], same: readonly Grant[]): boolean {
    return [...takes].every(([name, amount]) => {
      const promised = same.reduce((sum, { candidate }) => sum + (candidate.takes.get(name) ?? 0), 0);
      const consumed = this.ledger.consumed.get(`${id} ${name}`) ?? 0;
      return consumed + promised + amount <= milliOf(device.capacity![name]!.value);
    });
  }

  #hasCounters(offer: Offer, granted: readonly Offer[]): boolean {
    const needs = counterUse(offer);
    if (needs.size === 0) return true;
    const { pool } = offer;
    const inUse = pool.offers.filter(({ id }) => this.ledger.holders.has(id));
    const used = new Map(needs);
    const others = new Map([...inUse, ...granted].filter((one) => one.pool === pool).map((one) => [one.id, one]));
    for (const other of others.values()) {
      for (const [name, amount] of counterUse(other)) used.set(name, (used.get(name) ?? 0) + amount);
    }
    return [...needs.keys()].every((name) => used.get(name)! <= (pool.counters.get(name) ?? 0));
  }
}

interface Choice {
  readonly at: number;
  readonly want: Want;
  readonly alternative: Alternative;
  /** Devices that are still to be chosen, from here on in the list of candidates. */
  readonly left: number;
  readonly from: number;
}

/** `set/counter` to thousandths. */
function counterUse({ device }: Offer): Map<string, number> {
  const all = (device.consumesCounters ?? []).flatMap(({ counterSet, counters }) =>
    Object.entries(counters).map(([name, { value }]) => [`${counterSet}/${name}`, milliOf(value)] as const)
  );
  return new Map(all);
}

function holds(
  { requests = [], matchAttribute, distinctAttribute }: Want["constraints"][number],
  grants: readonly Grant[],
) {
  const meant = grants.filter(({ alternative: { request, of } }) =>
    requests.length === 0 || requests.includes(of) || requests.includes(request)
  );
  const name = matchAttribute ?? distinctAttribute;
  if (!name) return false;
  const values = meant.map(({ candidate }) => attributeText(candidate.offer, name));
  if (values.includes(undefined)) return false;
  const different = new Set(values).size;
  return matchAttribute ? different <= 1 : different === values.length;
}
