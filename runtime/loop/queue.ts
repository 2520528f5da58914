/**
 * The work queue: which key is worked on next, and when.
 *
 * Laws:
 * 1. One entry per key: adding a key that waits already changes that entry, it does not make a second one.
 * 2. One worker per key: a key that is worked on is not handed out again until it is finished.
 * 3. A key that changes while it is worked on is worked on again after.
 * 4. The earliest due time wins: adding can bring a key forward, never push it back.
 * 5. Success forgets the back-off.
 * 6. Back-off is exponential with a cap.
 * 7. User changes overtake resync: of the keys that are due, higher priority first, then first come first served.
 * 8. Bounded memory: what is kept is proportional to the keys that wait, are worked on or have failed; a key that is
 *    done leaves nothing behind.
 *
 * It knows nothing of reconciling; the runner feeds and empties it.
 */
import type { Key } from "../schema/mod.ts";
import { type BackOff, backOffMs, keyBackOff } from "./back_off.ts";
import type { Clock, EnqueueOptions } from "./controller.ts";
import { Heap, type HeapItem } from "./heap.ts";
import { type QueueMetrics, silentQueueMetrics } from "./metrics.ts";

interface Entry extends HeapItem {
  readonly key: Key;
  readonly addedAt: number;
  dueAt: number;
  priority: number;
  order: number;
  due: boolean;
}

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backOff?: BackOff;
  readonly metrics?: QueueMetrics;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  readonly #metrics: QueueMetrics;
  readonly #entries = new Map<Key, Entry>();
  readonly #due = new Heap<Entry>((a, b) =>
    a.priority > b.priority || (a.priority === b.priority && a.order < b.order)
  );
  readonly #later = new Heap<Entry>((a, b) => a.dueAt < b.dueAt);
  /** Keys that are worked on, with what was asked for meanwhile. */
  readonly #working = new Map<Key, { startedAt: number; again?: { dueAt: number; priority: number } }>();
  readonly #failures = new Map<Key, number>();
  readonly #takers: ((key: Key | undefined) => void)[] = [];
  #timer: { readonly at: number; readonly handle: Disposable } | undefined;
  #order = 0;
  #closed = false;

  constructor({ clock, backOff = keyBackOff, metrics = silentQueueMetrics }: WorkQueueOptions) {
    this.#clock = clock;
    this.#backOff = backOff;
    this.#metrics = metrics;
  }

  /** Keys that are due and not yet taken. */
  get depth(): number {
    return this.#due.size;
  }

  /** Everything that is remembered: waiting, worked on, failed. */
  get remembered(): number {
    return this.#entries.size + this.#working.size + this.#failures.size;
  }

  add(key: Key, { afterMs = 0, priority = 0 }: EnqueueOptions = {}): void {
    if (this.#closed) return;
    this.#put(key, this.#clock.now() + Math.max(0, afterMs), priority);
  }

  /** The next due key, as soon as there is one; undefined when the queue has been closed. */
  take(): Promise<Key | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const entry = this.#due.pop();
    if (entry) return Promise.resolve(this.#hand(entry));
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  /** The worker is through with the key, whatever came of it. */
  finish(key: Key): void {
    const work = this.#working.get(key);
    if (!work) return;
    this.#working.delete(key);
    this.#metrics.finished((this.#clock.now() - work.startedAt) / 1000);
    if (work.again && !this.#closed) this.#put(key, work.again.dueAt, work.again.priority);
  }

  /** Due again after a back-off that grows with each failure in a row; returns how many there were. */
  retry(key: Key): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    this.#metrics.retried();
    this.add(key, { afterMs: backOffMs(this.#backOff, failures) });
    return failures;
  }

  /** The next failure counts as the first. */
  forget(key: Key): void {
    this.#failures.delete(key);
  }

  /** Nothing is handed out any more; waiting workers get undefined. */
  close(): void {
    this.#closed = true;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    for (const resolve of this.#takers.splice(0)) resolve(undefined);
  }

  #put(key: Key, dueAt: number, priority: number): void {
    const work = this.#working.get(key);
    if (work) {
      const { again = { dueAt, priority } } = work;
      work.again = { dueAt: Math.min(again.dueAt, dueAt), priority: Math.max(again.priority, priority) };
      return;
    }
    const entry = this.#entries.get(key);
    if (entry) this.#bringForward(entry, dueAt, priority);
    else this.#insert({ key, addedAt: this.#clock.now(), dueAt, priority, order: 0, due: false, position: -1 });
    this.#settle();
  }

  #insert(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    this.#metrics.added();
    this.#later.push(entry);
  }

  #bringForward(entry: Entry, dueAt: number, priority: number): void {
    entry.priority = Math.max(entry.priority, priority);
    entry.dueAt = Math.min(entry.dueAt, dueAt);
    (entry.due ? this.#due : this.#later).reorder(entry);
  }

  /** Moves what has become due, wakes workers, and sets the one timer to the earliest of the rest. */
  #settle(): void {
    const now = this.#clock.now();
    for (let next = this.#later.peek(); next && next.dueAt <= now; next = this.#later.peek()) {
      this.#later.remove(next);
      next.due = true;
      next.order = this.#order++;
      this.#due.push(next);
    }
    while (this.#takers.length > 0 && this.#due.size > 0) this.#takers.shift()!(this.#hand(this.#due.pop()!));
    this.#metrics.depth(this.#due.size);
    this.#arm(this.#later.peek()?.dueAt, now);
  }

  #arm(at: number | undefined, now: number): void {
    if (this.#timer?.at === at) return;
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    if (at === undefined) return;
    const fire = () => {
      this.#timer = undefined;
      this.#settle();
    };
    this.#timer = { at, handle: this.#clock.after(at - now, fire) };
  }

  #hand(entry: Entry): Key {
    const now = this.#clock.now();
    this.#entries.delete(entry.key);
    this.#working.set(entry.key, { startedAt: now });
    this.#metrics.depth(this.#due.size);
    this.#metrics.started((now - Math.max(entry.dueAt, entry.addedAt)) / 1000);
    return entry.key;
  }
}
