/**
 * API priority and fairness: every request gets a seat at the level that its FlowSchema names, waits for one, or is turned
 * away with 429. A level that nobody floods costs a classification and two additions.
 *
 * Law: what one flow asks takes seats from other flows of its level only as fairness allows, and from other levels only what
 * these lend.
 */
import type { Attributes } from "../../auth/user.ts";
import type { Clock } from "../../loop/controller.ts";
import { StatusError, type Stored } from "../../schema/mod.ts";
import type { ResourceCache, WatchCache } from "../cache/mod.ts";
import { distinguisher, type FlowSchema, inOrder, schemaFor } from "./classify.ts";
import { Level, type LevelLimits, type Release } from "./level.ts";
import type { QueueLimits } from "./queues.ts";
import { type Reason, Tally } from "./tally.ts";

/** As kube-apiserver's --max-requests-inflight and --max-mutating-requests-inflight together. */
const totalSeats = 600;
const tooMany = "too many requests, please try again later.";

interface LevelConfiguration extends Stored {
  spec: {
    type: string;
    limited?: {
      nominalConcurrencyShares?: number;
      lendablePercent?: number;
      borrowingLimitPercent?: number;
      limitResponse?: { type: string; queuing?: Partial<QueueLimits> };
    };
  };
}

export interface Admitted {
  readonly release: Release;
  /** `X-Kubernetes-PF-FlowSchema-UID`, `X-Kubernetes-PF-PriorityLevel-UID` */
  readonly headers: Readonly<Record<string, string>>;
}

/** Tells of a request that has left its queue, and of one that is over. Seconds. */
export interface FlowObserver {
  waited(schema: string, level: string, execute: boolean, seconds: number): void;
  executed(schema: string, level: string, type: "regular" | "watch", seconds: number): void;
}

interface Compiled {
  readonly schemas: readonly FlowSchema[];
  readonly levels: ReadonlyMap<string, { readonly level: Level; readonly uid: string }>;
}

export class FlowControl {
  readonly #schemas: ResourceCache;
  readonly #configurations: ResourceCache;
  readonly #tallies = new Map<string, Tally>();
  readonly #levels = new Map<string, { level: Level; uid: string; key: string }>();
  #schemasAt = -1;
  #levelsAt = -1;
  #compiled: Compiled = { schemas: [], levels: this.#levels };

  constructor(
    cache: WatchCache,
    private readonly clock: Clock,
    private readonly widthOf: (asked: Attributes) => number,
    private readonly observer?: FlowObserver,
  ) {
    this.#schemas = cache.resource("/registry/flowschemas");
    this.#configurations = cache.resource("/registry/prioritylevelconfigurations");
  }

  /** What was counted of each FlowSchema and its level since the start. */
  tallies(): Iterable<Tally> {
    return this.#tallies.values();
  }

  /** The levels that are there. */
  levels(): readonly { readonly name: string; readonly level: Level }[] {
    return [...this.#current().levels].map(([name, { level }]) => ({ name, level }));
  }

  /** Most that all levels together may use. */
  readonly seats = totalSeats;

  /** Throws TooManyRequests. Streams sit on no seat: they would keep it. A watch sits until it has begun. */
  async admit(asked: Attributes): Promise<Admitted | undefined> {
    const { schemas, levels } = this.#current();
    const schema = schemaFor(schemas, asked);
    const found = schema && levels.get(schema.spec.priorityLevelConfiguration.name);
    if (!schema || !found) return undefined;
    const headers = {
      "x-kubernetes-pf-flowschema-uid": schema.metadata.uid,
      "x-kubernetes-pf-prioritylevel-uid": found.uid,
    };
    if (streams.has(asked.resource?.subresource ?? "")) return { release: () => {}, headers };
    const tally = this.#tallyOf(schema);
    const seats = this.widthOf(asked);
    const leave = await this.#seat(found.level, `${tally.schema} ${distinguisher(schema, asked)}`, seats, tally);
    const begun = this.clock.now();
    tally.enter(seats);
    const release = () => {
      leave();
      tally.leave(seats);
      const type = asked.verb === "watch" ? "watch" : "regular";
      this.observer?.executed(tally.schema, tally.level, type, (this.clock.now() - begun) / 1000);
    };
    return { release, headers };
  }

  async #seat(level: Level, flow: string, seats: number, tally: Tally): Promise<Release> {
    const entered = level.enter(flow, seats);
    if (!(entered instanceof Promise)) {
      if (!entered) throw turnedAway(tally, level.limits.queuing ? "queue-full" : "concurrency-limit");
      this.observer?.waited(tally.schema, tally.level, true, 0);
      return entered;
    }
    const since = this.clock.now();
    tally.waiting++;
    const release = await entered;
    tally.waiting--;
    this.observer?.waited(tally.schema, tally.level, !!release, (this.clock.now() - since) / 1000);
    if (!release) throw turnedAway(tally, "time-out");
    return release;
  }

  #tallyOf({ metadata, spec }: FlowSchema): Tally {
    const level = spec.priorityLevelConfiguration.name;
    const key = `${metadata.name} ${level}`;
    let tally = this.#tallies.get(key);
    if (!tally) this.#tallies.set(key, tally = new Tally(metadata.name, level));
    return tally;
  }

  /** By the revision of either kind, so that nothing is compiled twice. */
  #current(): Compiled {
    const [schemasAt, levelsAt] = [this.#schemas.changed, this.#configurations.changed];
    if (schemasAt === this.#schemasAt && levelsAt === this.#levelsAt) return this.#compiled;
    this.#schemasAt = schemasAt;
    this.#levelsAt = levelsAt;
    const objects = this.#configurations.list().map(({ object }) => object as LevelConfiguration);
    const shares = objects.reduce((sum, { spec }) => sum + sharesOf(spec), 0);
    for (const object of objects) this.#keep(object, limitsOf(object.spec, shares));
    const names = new Set(objects.map(({ metadata }) => metadata.name));
    for (const name of this.#levels.keys()) if (!names.has(name)) this.#levels.delete(name);
    const schemas = inOrder(this.#schemas.list().map(({ object }) => object));
    return this.#compiled = { schemas, levels: this.#levels };
  }

  /** A level that stays as it was keeps who sits and waits. */
  #keep({ metadata: { name, uid } }: Stored, limits: LevelLimits): void {
    const key = JSON.stringify([uid, limits]);
    if (this.#levels.get(name)?.key === key) return;
    const level: Level = new Level(limits, this.clock, () => this.#lentTo(level));
    this.#levels.set(name, { level, uid, key });
  }

  #lentTo(borrower: Level): number {
    let lent = 0;
    for (const { level } of this.#levels.values()) if (level !== borrower) lent += level.lends - level.borrowed;
    return Math.max(0, lent);
  }
}

function sharesOf({ limited }: LevelConfiguration["spec"]): number {
  return limited ? limited.nominalConcurrencyShares ?? 30 : 0;
}

function limitsOf(spec: LevelConfiguration["spec"], shares: number): LevelLimits {
  const { limited } = spec;
  if (spec.type === "Exempt" || !limited) return { lendable: 0 };
  const { queues = 64, handSize = 8, queueLengthLimit = 50 } = limited.limitResponse?.queuing ?? {};
  const seats = Math.ceil(totalSeats * sharesOf(spec) / shares);
  const { borrowingLimitPercent: borrowing } = limited;
  return {
    seats,
    ...(borrowing === undefined ? {} : { borrows: Math.ceil(seats * borrowing / 100) }),
    lendable: limited.lendablePercent ?? 0,
    ...(limited.limitResponse?.type === "Queue" ? { queuing: { queues, handSize, queueLengthLimit } } : {}),
  };
}

const streams = new Set(["exec", "attach", "portforward", "proxy", "log"]);

function turnedAway(tally: Tally, reason: Reason): StatusError {
  tally.reject(reason);
  return new StatusError("TooManyRequests", tooMany, { retryAfterSeconds: 1 });
}
