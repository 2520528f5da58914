/**
 * Leases for keys that remove themselves. One lease serves every key of the same life span for a while, so that a burst
 * of Events costs one lease and not one each; such a key lives up to a tenth (at most a minute) longer than asked.
 */
import type { Gateway } from "./gateway.ts";

function shareSeconds(ttlSeconds: number): number {
  return Math.min(ttlSeconds / 10, 60);
}

export class Leases {
  #shared = new Map<number, { id: Promise<string>; until: number }>();

  constructor(private readonly gateway: Gateway) {}

  /** Id of a lease that ends no sooner than `ttlSeconds` from now. */
  leaseFor(ttlSeconds: number): Promise<string> {
    const now = Date.now();
    const shared = this.#shared.get(ttlSeconds);
    if (shared && shared.until > now) return shared.id;
    const id = this.#grant(Math.ceil(ttlSeconds + shareSeconds(ttlSeconds)));
    this.#shared.set(ttlSeconds, { id, until: now + shareSeconds(ttlSeconds) * 1000 });
    id.catch(() => this.#shared.delete(ttlSeconds));
    return id;
  }

  async #grant(ttlSeconds: number): Promise<string> {
    const { ID } = await this.gateway.call<{ ID: string }>("/v3/lease/grant", { TTL: String(ttlSeconds) }, {
      idempotent: true,
    });
    return ID;
  }
}
