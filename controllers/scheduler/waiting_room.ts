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

export interface AttemptBackOff extends BackOff {
  /** After the first attempt, where something has happened that helps. Absent: as after any other. */
  readonly firstMs?: number;
}

export class WaitingRoom {
  readonly #waiting = new Map<Key, Waiting>();

  constructor(private readonly backOff: AttemptBackOff) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** `plugins`: who refused the pod; none when there was no node at all. */
  enter(key: Key, plugins: ReadonlySet<FilterPlugin>, now: number): void {
    const helpedBy = new Set<ClusterEvent>(["nodeAdded"]);
    for (const plugin of plugins) for (const event of plugin.helpedBy) helpedBy.add(event);
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
      helped.push({ key, afterMs: Math.max(0, since + this.#pause(attempts) - now) });
    }
    return helped;
  }

  #pause(attempts: number): number {
    const { firstMs } = this.backOff;
    return attempts === 1 && firstMs !== undefined ? firstMs : backOffMs(this.backOff, attempts);
  }
}
