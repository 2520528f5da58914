/**
 * Pods that have no node yet but are promised one: somebody was asked to make room for them there. Whoever is placed in
 * the meantime, and is not more important, leaves them that room.
 */
import type { PodFacts } from "./pod_facts.ts";

export class Nominations {
  readonly #nodes = new Map<string, Map<string, PodFacts>>();
  readonly #nodeOf = new Map<string, string>();

  set(pod: PodFacts, node: string): void {
    this.remove(pod.uid);
    this.#nodeOf.set(pod.uid, node);
    this.#nodes.set(node, (this.#nodes.get(node) ?? new Map<string, PodFacts>()).set(pod.uid, pod));
  }

  remove(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    const pods = this.#nodes.get(node)!;
    pods.delete(uid);
    if (pods.size === 0) this.#nodes.delete(node);
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  /** Pods promised to this node that `pod` must leave room for. */
  before(pod: PodFacts, node: string): PodFacts[] {
    const promised = this.#nodes.get(node);
    if (!promised) return [];
    return [...promised.values()].filter(({ uid, priority }) => uid !== pod.uid && priority >= pod.priority);
  }

  /** Pods promised to this node that `pod` may take it from. */
  below(pod: PodFacts, node: string): PodFacts[] {
    return [...this.#nodes.get(node)?.values() ?? []].filter(({ priority }) => priority < pod.priority);
  }
}
