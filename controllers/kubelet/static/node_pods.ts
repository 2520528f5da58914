/**
 * The pods of this node, wherever they come from: those that the API server has bound to it, and its own static ones. A
 * static pod carries the status of its mirror, and a mirror is no pod by itself.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Informer } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf, type Stored } from "../../../runtime/schema/mod.ts";
import type { Pod } from "../pod/pod.ts";
import { isMirror, isMirrorOf } from "./mirror_pod.ts";
import type { StaticPods } from "./static_pods.ts";

export class NodePods {
  constructor(readonly api: Informer<IPod>, readonly statics: StaticPods) {}

  get(key: Key): Pod | undefined {
    const own = this.statics.get(key);
    const known = this.api.get(key) as Pod | undefined;
    if (own) return known && isMirrorOf(known, own) ? seenThrough(own, known) : own;
    return known && isMirror(known) ? undefined : known;
  }

  list(): readonly Pod[] {
    const keys = new Set([...this.api.list(), ...this.statics.list()].map((pod) => keyOf(pod)));
    return [...keys].flatMap((key) => this.get(key) ?? []);
  }

  isStatic({ metadata }: Pick<Stored, "metadata">): boolean {
    return this.statics.get(keyOf({ metadata }))?.metadata.uid === metadata.uid;
  }

  /** The object of the API server that stands for the pod: its mirror, or itself. Absent: there is none yet. */
  apiUid(pod: Pod): string | undefined {
    if (!this.isStatic(pod)) return pod.metadata.uid;
    const known = this.api.get(keyOf(pod)) as Pod | undefined;
    return known && isMirrorOf(known, pod) ? known.metadata.uid : undefined;
  }

  /** A pod as a write of its status returned it. */
  asWritten(pod: Pod, written: Pod): Pod {
    return this.isStatic(pod) ? seenThrough(pod, written) : written;
  }
}

/** Whether it has ended docker says: an end that is only told (by a machine that went down) is none. */
function seenThrough(own: Pod, { metadata, status }: Pod): Pod {
  const { resourceVersion, generation } = metadata;
  const { phase, ...rest } = status ?? {};
  const present = phase === "Failed" || phase === "Succeeded" ? rest : status;
  return { ...own, metadata: { ...own.metadata, resourceVersion, generation }, status: present };
}
