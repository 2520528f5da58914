/**
 * The queues of one priority level. A flow is dealt a few of them, always the same, and waits in the shortest: a flow that
 * floods fills its own few, and nearly every other flow has one that is empty (shuffle sharding).
 *
 * Laws: a queue holds at most its limit; among queues that wait, the one that was served least goes next; within a queue
 * the oldest goes first; a request that left (or was too late) takes no place.
 *
 * Source: KEP-1040.
 */
export interface Waiting {
  readonly seats: number;
  readonly start: () => void;
}

interface Queue {
  readonly waiting: Waiting[];
  /** Seats served so far; a queue that was empty does not get back what it did not use. */
  served: number;
}

export interface QueueLimits {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

export class Queues {
  readonly #queues: readonly Queue[];
  #length = 0;
  #progress = 0;

  constructor(private readonly limits: QueueLimits) {
    this.#queues = Array.from({ length: limits.queues }, () => ({ waiting: [], served: 0 }));
  }

  get length(): number {
    return this.#length;
  }

  /** `false`: every queue of the flow's hand is full. */
  enter(flow: string, request: Waiting): boolean {
    const hand = handOf(flow, this.limits).map((index) => this.#queues[index]!);
    const shortest = hand.reduce((best, queue) => queue.waiting.length < best.waiting.length ? queue : best);
    if (shortest.waiting.length >= this.limits.queueLengthLimit) return false;
    if (shortest.waiting.length === 0) shortest.served = Math.max(shortest.served, this.#progress);
    shortest.waiting.push(request);
    this.#length++;
    return true;
  }

  leave(request: Waiting): void {
    for (const { waiting } of this.#queues) {
      const at = waiting.indexOf(request);
      if (at < 0) continue;
      waiting.splice(at, 1);
      this.#length--;
      return;
    }
  }

  /** Whose turn it is; `undefined`: nobody waits. */
  get head(): Waiting | undefined {
    return this.#turn()?.waiting[0];
  }

  /** Takes the head out of its queue. */
  next(): Waiting | undefined {
    const turn = this.#turn();
    const request = turn?.waiting.shift();
    if (!turn || !request) return undefined;
    this.#progress = turn.served;
    turn.served += request.seats;
    this.#length--;
    return request;
  }

  #turn(): Queue | undefined {
    let turn: Queue | undefined;
    for (const queue of this.#queues) {
      if (queue.waiting.length > 0 && (!turn || queue.served < turn.served)) turn = queue;
    }
    return turn;
  }
}

/** Different queues, dealt by a hash of the flow as cards from a deck. */
export function handOf(flow: string, { queues, handSize }: QueueLimits): number[] {
  const deck = Array.from({ length: queues }, (_, index) => index);
  let hash = hashOf(flow);
  return Array.from({ length: Math.min(handSize, queues) }, () => {
    const left = BigInt(deck.length);
    const [card] = deck.splice(Number(hash % left), 1);
    hash /= left;
    return card!;
  });
}

/** FNV-1a, 64 bits. */
function hashOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}
