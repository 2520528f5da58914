/**
 * One priority level: its seats, who sits on them, and who waits. Seats that others leave empty may be borrowed, up to what
 * they lend.
 */
import type { Clock } from "../../loop/controller.ts";
import { type QueueLimits, Queues, type Waiting } from "./queues.ts";

export interface LevelLimits {
  /** `undefined`: nobody is counted. */
  readonly seats?: number;
  /** Of its seats, in percent. */
  readonly lendable: number;
  /** Seats of others that it may use at most; absent: all that are lent. */
  readonly borrows?: number;
  /** Absent: who finds no seat is turned away. */
  readonly queuing?: QueueLimits;
}

/** Called when the request is over. */
export type Release = () => void;

/** Milliseconds: a quarter of the usual request timeout, as upstream. */
const patienceMs = 15_000;

export class Level {
  #taken = 0;
  readonly #queues?: Queues;

  constructor(
    readonly limits: LevelLimits,
    private readonly clock: Clock,
    /** Seats that other levels lend now. */
    private readonly borrowable: () => number,
  ) {
    this.#queues = limits.queuing && new Queues(limits.queuing);
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queues?.length ?? 0;
  }

  /** What of its seats it could give away. */
  get lends(): number {
    const { seats = 0, lendable } = this.limits;
    return Math.max(0, Math.min(Math.floor(seats * lendable / 100), seats - this.#taken));
  }

  /** Seats that it may use now. `undefined`: nobody counts. */
  get limit(): number | undefined {
    const { seats, borrows = Infinity } = this.limits;
    return seats === undefined ? undefined : seats + Math.min(borrows, this.borrowable());
  }

  /** Seats of others that it uses. */
  get borrowed(): number {
    return Math.max(0, this.#taken - (this.limits.seats ?? this.#taken));
  }

  /** At once where a seat is free; `undefined`: turned away, or waited too long. */
  enter(flow: string, seats: number): Release | Promise<Release | undefined> | undefined {
    if (this.limits.seats === undefined) return nothing;
    if (this.waiting === 0 && this.#fits(seats)) return this.#sit(seats);
    return this.#queues ? this.#wait(this.#queues, flow, seats) : undefined;
  }

  #fits(seats: number): boolean {
    const together = this.#taken + seats;
    // A request that is wider than the level runs when it is alone.
    if (this.#taken === 0 || together <= this.limits.seats!) return true;
    return together <= this.limit!;
  }

  #sit(seats: number): Release {
    this.#taken += seats;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#taken -= seats;
      this.#serve();
    };
  }

  #wait(queues: Queues, flow: string, seats: number): Promise<Release | undefined> | undefined {
    const { promise, resolve } = Promise.withResolvers<Release | undefined>();
    const late = this.clock.after(patienceMs, () => {
      queues.leave(request);
      resolve(undefined);
    });
    const start = () => {
      late[Symbol.dispose]();
      resolve(this.#sit(seats));
    };
    const request: Waiting = { seats, start };
    if (queues.enter(flow, request)) return promise;
    late[Symbol.dispose]();
    return undefined;
  }

  #serve(): void {
    for (let head = this.#queues?.head; head && this.#fits(head.seats); head = this.#queues?.head) {
      this.#queues!.next()!.start();
    }
  }
}

const nothing: Release = () => {};
