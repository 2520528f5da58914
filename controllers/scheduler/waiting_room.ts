/**
 * Pods that found no node wait here until something happens that could help one of the rules which refused them. A pod
 * that has just failed waits out its back-off first, so that a busy cluster does not try hopeless pods all the time.
 */
import type { Key } from "../../runtime/schema/mod.ts";
import { type BackOff, backOffMs } from "../../runtime/loop/mod.ts";
import type { ClusterEvent, FilterPlugin } from "./plugin.ts";

interface Waiting {
  readonly helpedBy: ReadonlySet<ClusterEvent>;
  readonly attempts: number;
  readonly since: number;
}

/** Short at first: on a cluster that is just starting, the node comes a moment after the pods. */
const attemptBackOff: BackOff = { baseMs: 50, capMs: 10_000 };

export class WaitingRoom {
  readonly #waiting = new Map<Key, Waiting>();
  readonly #helpedBy: ReadonlyMap<string, readonly ClusterEvent[]>;

  constructor(filters: readonly FilterPlugin[]) {
    this.#helpedBy = new Map(filters.map(({ name, helpedBy }) => [name, helpedBy]));
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** `plugins`: who refused the pod; none when there was no node at all. */
  enter(key: Key, plugins: ReadonlySet<string>, now: number): void {
    const helpedBy = new Set<ClusterEvent>(["nodeAdded"]);
    for (const plugin of plugins) for (const event of this.#helpedBy.get(plugin) ?? []) helpedBy.add(event);
    this.#waiting.set(key, { helpedBy, attempts: (this.#waiting.get(key)?.attempts ?? 0) + 1, since: now });
  }

  leave(key: Key): void {
    this.#waiting.delete(key);
  }

  /** Who may have a chance now, and after how many milliseconds. They stay until they are placed or gone. */
  helped(event: ClusterEvent, now: number): { readonly key: Key; readonly afterMs: number }[] {
    const helped: { key: Key; afterMs: number }[] = [];
    for (const [key, { helpedBy, attempts, since }] of this.#waiting) {
      if (!helpedBy.has(event)) continue;
      helped.push({ key, afterMs: Math.max(0, since + backOffMs(attemptBackOff, attempts) - now) });
    }
    return helped;
  }
}
