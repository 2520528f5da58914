/**
 * Pods that found no node wait here until something happens that could help one of the rules which refused them. A pod
 * that has just failed waits out its back-off first, so that a busy cluster does not try hopeless pods all the time.
 *
 * Source: KEP-4247 "Per-plugin callback functions for efficient requeueing".
 */
import type { Key } from "../../runtime/schema/mod.ts";
import { type BackOff, backOffMs } from "../../runtime/loop/mod.ts";
import type { Cluster } from "./cluster.ts";
import type { FilterPlugin, Happening } from "./plugin.ts";
import type { PodFacts } from "./pod_facts.ts";

interface Waiting {
  readonly pod: PodFacts;
  /** Who refused it; none when there was no node at all. */
  readonly plugins: ReadonlySet<FilterPlugin>;
  readonly attempts: number;
  readonly since: number;
}

export interface AttemptBackOff extends BackOff {
  /** After the first attempt, where something has happened that helps. Absent: as after any other. */
  readonly firstMs?: number;
}

export interface Helped {
  readonly pod: PodFacts;
  /** Not before so many milliseconds have passed. */
  readonly afterMs: number;
}

export class WaitingRoom {
  /** How much has happened; who decides over a while sees what he missed. */
  happenings = 0;
  readonly #waiting = new Map<Key, Waiting>();

  constructor(private readonly backOff: AttemptBackOff) {}

  get size(): number {
    return this.#waiting.size;
  }

  enter(pod: PodFacts, plugins: ReadonlySet<FilterPlugin>, now: number): void {
    const attempts = (this.#waiting.get(pod.key)?.attempts ?? 0) + 1;
    this.#waiting.set(pod.key, { pod, plugins, attempts, since: now });
  }

  leave(key: Key): void {
    this.#waiting.delete(key);
  }

  /** Who may have a chance now. They stay until they are placed or gone. */
  helped(happening: Happening, cluster: Cluster, now: number): Helped[] {
    this.happenings++;
    const helped: Helped[] = [];
    for (const waiting of this.#waiting.values()) {
      if (isHelped(waiting, happening, cluster)) helped.push(this.#due(waiting, now));
    }
    return helped;
  }

  /** Until the pod's next attempt. */
  pauseMs(key: Key, now: number): number {
    const waiting = this.#waiting.get(key);
    return waiting ? this.#due(waiting, now).afterMs : 0;
  }

  #due({ pod, attempts, since }: Waiting, now: number): Helped {
    const { firstMs } = this.backOff;
    const pause = attempts === 1 && firstMs !== undefined ? firstMs : backOffMs(this.backOff, attempts);
    return { pod, afterMs: Math.max(0, since + pause - now) };
  }
}

function isHelped({ pod, plugins }: Waiting, happening: Happening, cluster: Cluster): boolean {
  if (plugins.size === 0) return happening.type === "nodeAdded";
  for (const plugin of plugins) if (helps(plugin, pod, happening, cluster)) return true;
  return false;
}

/** A node helps when the rule has nothing against it any more; what else happens, when the rule does not know better. */
function helps(plugin: FilterPlugin, pod: PodFacts, happening: Happening, cluster: Cluster): boolean {
  if (!plugin.helpedBy.includes(happening.type)) return false;
  if ("node" in happening && !plugin.looksAcross) return allows(plugin, pod, happening.node.name, cluster);
  return plugin.helps?.(pod, happening, cluster) ?? true;
}

function allows(plugin: FilterPlugin, pod: PodFacts, name: string, cluster: Cluster): boolean {
  try {
    const filter = plugin.prepare(pod, cluster);
    if (!filter) return true;
    const node = cluster.node(name);
    return !("nowhere" in filter) && node !== undefined && !filter(node);
  } catch {
    // The next attempt tells whom it concerns.
    return true;
  }
}
