/**
 * Preferred affinity and anti-affinity between pods: the weights of every term that a placed pod meets count for its
 * domain, those of placed pods about this one too. A placed pod's required affinity counts as a preference of weight 1.
 */
import type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { Cluster } from "../cluster.ts";
import { maxScore, type ScorePlugin } from "../plugin.ts";
import type { PodGroup } from "../pod_groups.ts";
import { podTerm } from "./pod_term.ts";

/** Topology key to value to weight. */
type Weights = Map<string, Map<string, number>>;

export const podAffinityScore: ScorePlugin = {
  name: "InterPodAffinity",
  weight: 2,
  prepare(pod, cluster) {
    const weights: Weights = new Map();
    for (const [rule, weight] of preferences(pod.spec.affinity)) {
      const term = podTerm(rule, pod, cluster);
      for (const group of cluster.groups.all()) {
        if (term.matches(group)) addWeight(weights, term.topologyKey, weight, group, cluster);
      }
    }
    for (const group of cluster.groups.ruling()) {
      for (const [rule, weight] of [...preferences(group.affinity), ...requirements(group.affinity)]) {
        const term = podTerm(rule, group, cluster);
        if (term.matches(pod)) addWeight(weights, term.topologyKey, weight, group, cluster);
      }
    }
    if (weights.size === 0) return undefined;
    return (nodes) => spreadOut(nodes.map(({ labels }) => weightOf(weights, labels)));
  },
};

type Weighted = readonly [IPodAffinityTerm, number];

function preferences(affinity: IPodSpec["affinity"]): Weighted[] {
  const { podAffinity, podAntiAffinity } = affinity ?? {};
  const list = (terms: readonly { podAffinityTerm: IPodAffinityTerm; weight: number }[] = [], sign: number) =>
    terms.map(({ podAffinityTerm, weight }): Weighted => [podAffinityTerm, sign * weight]);
  return [
    ...list(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1),
    ...list(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1),
  ];
}

function requirements(affinity: IPodSpec["affinity"]): Weighted[] {
  const required = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return required.map((term): Weighted => [term, 1]);
}

function addWeight(weights: Weights, topologyKey: string, weight: number, group: PodGroup, cluster: Cluster): void {
  const byValue = weights.get(topologyKey) ?? new Map<string, number>();
  weights.set(topologyKey, byValue);
  for (const [name, pods] of group.counts) {
    const value = cluster.node(name)?.labels[topologyKey];
    if (value !== undefined) byValue.set(value, (byValue.get(value) ?? 0) + weight * pods);
  }
}

function weightOf(weights: Weights, labels: Readonly<Record<string, string>>): number {
  let total = 0;
  for (const [key, byValue] of weights) total += byValue.get(labels[key] ?? "") ?? 0;
  return total;
}

/** From the least to the most over 0 to 100. */
function spreadOut(raw: readonly number[]): number[] {
  const least = Math.min(...raw);
  const range = Math.max(...raw) - least;
  return raw.map((value) => range === 0 ? 0 : Math.trunc(maxScore * (value - least) / range));
}
