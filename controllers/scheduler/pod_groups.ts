/**
 * Placed pods that rules about other pods cannot tell apart, with how many of them are on which node. Affinity and spread
 * look at groups, of which there are about as many as workloads, and not at pods.
 */
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import { bump } from "./node_state.ts";
import type { PodFacts } from "./pod_facts.ts";

export interface PodGroup {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly affinity: IPodSpec["affinity"];
  readonly terminating: boolean;
  /** Node name to pods. */
  readonly counts: Map<string, number>;
}

export class PodGroups {
  readonly #groups = new Map<string, PodGroup>();
  /** Those with rules of their own about other pods. */
  readonly #ruling = new Map<string, PodGroup>();

  all(): Iterable<PodGroup> {
    return this.#groups.values();
  }

  ruling(): Iterable<PodGroup> {
    return this.#ruling.values();
  }

  add(pod: PodFacts, node: string): void {
    const group = this.#groups.get(pod.groupId) ?? this.#begin(pod);
    bump(group.counts, node, 1);
  }

  remove(pod: PodFacts, node: string): void {
    const group = this.#groups.get(pod.groupId);
    if (!group) return;
    bump(group.counts, node, -1);
    if (group.counts.size > 0) return;
    this.#groups.delete(pod.groupId);
    this.#ruling.delete(pod.groupId);
  }

  #begin({ groupId, namespace, labels, spec: { affinity }, terminating }: PodFacts): PodGroup {
    const group = { namespace, labels, affinity, terminating, counts: new Map() };
    this.#groups.set(groupId, group);
    if (affinity?.podAffinity || affinity?.podAntiAffinity) this.#ruling.set(groupId, group);
    return group;
  }
}
