/**
 * Preferred affinity and anti-affinity between pods: the weights of every term that a placed pod meets count for its
 * domain, those of placed pods about this one too. A placed pod's required affinity counts as a preference of the
 * profile's weight.
 */
import type { IPodAffinityTerm } from "kubernetes-models/v1/PodAffinityTerm";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { Cluster } from "../cluster.ts";
import { maxScore, type NodeScores, type ScorePlugin } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";
import type { PodGroup } from "../pod_groups.ts";
import { podTerm } from "./pod_term.ts";

/** Topology key to value to weight. */
type Weights = Map<string, Map<string, number>>;

export interface PodAffinityArgs {
  /** Of a placed pod's required affinity; 0 makes it count for nothing. */
  readonly hardPodAffinityWeight: number;
  /** What placed pods prefer is of no interest to a pod that prefers nothing itself. */
  readonly ignorePreferredTermsOfExistingPods: boolean;
}

export function podAffinityScore(args: PodAffinityArgs): ScorePlugin {
  return { name: "InterPodAffinity", weight: 2, prepare: (pod, cluster) => prepare(pod, cluster, args) };
}

function prepare(pod: PodFacts, cluster: Cluster, args: PodAffinityArgs): NodeScores | undefined {
  const weights: Weights = new Map();
  const own = preferences(pod.spec.affinity);
  for (const [rule, weight] of own) {
    const term = podTerm(rule, pod, cluster);
    for (const group of cluster.groups.all()) {
      if (term.matches(group)) addWeight(weights, term.topologyKey, weight, group, cluster);
    }
  }
  if (own.length > 0 || !args.ignorePreferredTermsOfExistingPods) addOthers(weights, pod, cluster, args);
  if (weights.size === 0) return undefined;
  return (nodes) => spreadOut(nodes.map(({ labels }) => weightOf(weights, labels)));
}

function addOthers(
  weights: Weights,
  pod: PodFacts,
  cluster: Cluster,
  { hardPodAffinityWeight }: PodAffinityArgs,
): void {
  for (const group of cluster.groups.ruling()) {
    for (
      const [rule, weight] of [...preferences(group.affinity), ...requirements(group.affinity, hardPodAffinityWeight)]
    ) {
      const term = podTerm(rule, group, cluster);
      if (term.matches(pod)) addWeight(weights, term.topologyKey, weight, group, cluster);
    }
  }
}

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

function requirements(affinity: IPodSpec["affinity"], weight: number): Weighted[] {
  if (weight === 0) return [];
  const required = affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return required.map((term): Weighted => [term, weight]);
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
