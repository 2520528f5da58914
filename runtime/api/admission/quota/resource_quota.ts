/**
 * ResourceQuota: no write that takes a namespace over what it may hold, however many API servers admit at once.
 *
 * It is an allocator and not a plugin, because what it grants must stay granted while the write is under way: the place is
 * entered in the quota's status before the write, given back when the write fails, and freed after what held it is gone.
 */
import { groupResourceOf, type Stored } from "../../../schema/mod.ts";
import type { Allocator, Machinery, Reservation, Reserving } from "../../objects/machinery.ts";
import { forbidden } from "../../objects/refusals.ts";
import { concerns, freed, type Quota, refusal, taken } from "./charge.ts";
import { Ledger, type Posting, refusedNow } from "./ledger.ts";
import { inScope, type QuotaSpec } from "./scopes.ts";
import { type Usage, usageOfStored } from "./usage.ts";

export function resourceQuota(): Allocator {
  const ledger = new Ledger();
  return {
    reserve(write, m) {
      const namespace = (write.object ?? write.old)?.metadata?.namespace;
      if (!namespace || !write.resource.namespaced) return undefined;
      const quotas = m.view.list("", "resourcequotas", namespace) as Quota[];
      const touched = quotas.filter(({ spec = {} }) => concerns(spec, write));
      if (touched.length === 0) return undefined;
      return new Booking(ledger, m, namespace, write).begin(touched);
    },
  };
}

/** One write's places. */
class Booking implements Reservation {
  constructor(
    private readonly ledger: Ledger,
    private readonly m: Machinery,
    private readonly namespace: string,
    private readonly write: Reserving,
  ) {}

  /** Throws Forbidden when there is no room. */
  async begin(touched: readonly Quota[]): Promise<Reservation> {
    const { write } = this;
    if (!write.object) return this;
    const posting: Posting = {
      amounts: (spec) => taken(spec, write),
      sign: 1n,
      refusal: (quota, used) => this.#refusal(quota, used),
      count: (spec) => this.#count(spec),
    };
    if (write.dryRun) await this.#look(touched, posting);
    else await this.ledger.post(this.m, this.namespace, posting);
    return this;
  }

  async keep(): Promise<void> {
    if (!this.write.dryRun) await this.#free((spec) => freed(spec, this.write));
  }

  async giveBack(): Promise<void> {
    if (this.write.object && !this.write.dryRun) await this.#free((spec) => taken(spec, this.write));
  }

  /** The write is decided already: what cannot be freed now is left to the loop that counts. */
  async #free(amounts: (spec: QuotaSpec) => Usage): Promise<void> {
    const quotas = this.m.view.list("", "resourcequotas", this.namespace) as Quota[];
    if (quotas.every(({ spec = {} }) => amounts(spec).size === 0)) return;
    const posting: Posting = { amounts, sign: -1n, count: (spec) => this.#count(spec) };
    await this.ledger.post(this.m, this.namespace, posting).catch(() => {});
  }

  async #look(touched: readonly Quota[], posting: Posting): Promise<void> {
    await this.m.cache.fresh();
    for (const quota of touched) {
      const why = refusedNow(quota, posting);
      if (why) throw why;
    }
  }

  #refusal(quota: Quota, used: Usage) {
    const { resource, object } = this.write;
    const why = refusal(quota, this.write, used);
    return why === undefined ? undefined : forbidden(resource, object!.metadata!.name!, why);
  }

  /** What is stored of the written kind. */
  #count(spec: QuotaSpec): Usage {
    const { resource } = this.write;
    const kind = groupResourceOf(resource);
    const total = new Map<string, bigint>();
    for (const object of this.m.view.list(resource.group, resource.plural, this.namespace)) {
      if (inScope(spec, kind, object as Stored)) addTo(total, usageOfStored(resource, object));
    }
    return total;
  }
}

function addTo(total: Map<string, bigint>, usage: Usage): void {
  for (const [name, amount] of usage) total.set(name, (total.get(name) ?? 0n) + amount);
}
