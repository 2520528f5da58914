/**
 * The static pods of a node: those that its files ask for, and those whose file has gone or changed and which are still
 * ending. Of one name only one is there at a time: the next one begins when the last has gone. No I/O.
 */
import { type Key, keyOf } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import { rfc3339 } from "../pod/rfc3339.ts";

export class StaticPods {
  #wanted: ReadonlyMap<Key, Pod> = new Map();
  readonly #leaving = new Map<Key, Pod>();

  get(key: Key): Pod | undefined {
    return this.#leaving.get(key) ?? this.#wanted.get(key);
  }

  list(): readonly Pod[] {
    return [...new Set([...this.#leaving.keys(), ...this.#wanted.keys()])].map((key) => this.get(key)!);
  }

  /** What the files say now. Of two that name one pod the first counts. Returns the keys that changed. */
  replace(pods: readonly Pod[], now: number): readonly Key[] {
    const next = new Map(pods.toReversed().map((pod) => [keyOf(pod), pod]));
    const gone = [...this.#wanted].filter(([key, { metadata }]) => next.get(key)?.metadata.uid !== metadata.uid);
    // One that never began while its predecessor ended has nothing to end.
    for (const [key, pod] of gone) if (!this.#leaving.has(key)) this.#leaving.set(key, ending(pod, now));
    const come = [...next.keys()].filter((key) => !this.#wanted.has(key));
    this.#wanted = new Map([...next].map(([key, pod]) => [key, this.#same(key, pod) ?? pod]));
    return [...gone.map(([key]) => key), ...come];
  }

  /** The pod that was ending has ended. */
  gone(key: Key): void {
    this.#leaving.delete(key);
  }

  /** The one that runs keeps the moment at which it was first seen. */
  #same(key: Key, { metadata }: Pod): Pod | undefined {
    const present = this.#wanted.get(key);
    return present?.metadata.uid === metadata.uid ? present : undefined;
  }
}

function ending(pod: Pod, now: number): Pod {
  const seconds = specOf(pod).terminationGracePeriodSeconds ?? 30;
  const deletionTimestamp = rfc3339(now + seconds * 1000);
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: seconds } };
}
