/** Required affinity and anti-affinity between pods, in both directions. */
import type { Cluster } from "../cluster.ts";
import type { NodeState } from "../node_state.ts";
import type { FilterPlugin, NodeFilter } from "../plugin.ts";
import type { PodFacts } from "../pod_facts.ts";
import type { PodGroup } from "../pod_groups.ts";
import { type PodTerm, podTerm } from "./pod_term.ts";

const noAffinity = ["node(s) didn't match pod affinity rules"];
const noAntiAffinity = ["node(s) didn't match pod anti-affinity rules"];
const refusedByOthers = ["node(s) didn't satisfy existing pods anti-affinity rules"];

export const podAffinityFilter: FilterPlugin<NodeFilter> = {
  name: "InterPodAffinity",
  helpedBy: ["nodeAdded", "nodeChanged", "podGone", "podPlaced"],
  looksAcross: true,
  // Nobody comes nearer by going.
  lasts: (reasons) => reasons === noAffinity,
  helps: (pod, happening, cluster) => !("pod" in happening) || concerns(pod, happening.pod, cluster),
  prepare(pod, cluster) {
    const checks = [wanted(pod, cluster), unwanted(pod, cluster), unwantedByOthers(pod, cluster)]
      .filter((check) => check !== undefined);
    if (checks.length === 0) return undefined;
    return (node) => {
      for (const check of checks) {
        const reasons = check(node);
        if (reasons) return reasons;
      }
    };
  },
};

/** Whether a rule of the pod means the other, or the other's aversion means the pod. */
function concerns(pod: PodFacts, other: PodFacts, cluster: Cluster): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const own = [podAffinity, podAntiAffinity].flatMap((rules) =>
    rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  );
  const theirs = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  return own.some((rule) => podTerm(rule, pod, cluster).matches(other)) ||
    theirs.some((rule) => podTerm(rule, other, cluster).matches(pod));
}

/** Values of one topology key that something was found in. */
export type Domains = Map<string, Set<string>>;

/** Every term must find a pod in the node's domain; the first of its kind may start anywhere. */
function wanted(pod: PodFacts, cluster: Cluster): NodeFilter | undefined {
  const required = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (required.length === 0) return undefined;
  const terms = required.map((term) => podTerm(term, pod, cluster));
  const found: Domains = new Map();
  for (const group of cluster.groups.all()) {
    if (!terms.every((term) => term.matches(group))) continue;
    for (const { topologyKey } of terms) addDomains(found, topologyKey, group, cluster);
  }
  const first = found.size === 0 && terms.every((term) => term.matches(pod));
  const fits = ({ labels }: NodeState, key: string) =>
    labels[key] !== undefined && (first || found.get(key)?.has(labels[key]) === true);
  return (node) => terms.every(({ topologyKey }) => fits(node, topologyKey)) ? undefined : noAffinity;
}

function unwanted(pod: PodFacts, cluster: Cluster): NodeFilter | undefined {
  const required = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const found: Domains = new Map();
  for (const rule of required) {
    const term = podTerm(rule, pod, cluster);
    for (const group of cluster.groups.all()) {
      if (term.matches(group)) addDomains(found, term.topologyKey, group, cluster);
    }
  }
  return outside(found, noAntiAffinity);
}

function unwantedByOthers(pod: PodFacts, cluster: Cluster): NodeFilter | undefined {
  const found: Domains = new Map();
  for (const group of cluster.groups.ruling()) {
    for (const rule of group.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
      const term: PodTerm = podTerm(rule, group, cluster);
      if (term.matches(pod)) addDomains(found, term.topologyKey, group, cluster);
    }
  }
  return outside(found, refusedByOthers);
}

function outside(found: Domains, reasons: readonly string[]): NodeFilter | undefined {
  if (found.size === 0) return undefined;
  const domains = [...found];
  return ({ labels }) => domains.some(([key, values]) => values.has(labels[key] ?? "")) ? reasons : undefined;
}

function addDomains(found: Domains, topologyKey: string, group: PodGroup, cluster: Cluster): void {
  for (const name of group.counts.keys()) {
    const value = cluster.node(name)?.labels[topologyKey];
    if (value === undefined) continue;
    const values = found.get(topologyKey);
    if (values) values.add(value);
    else found.set(topologyKey, new Set([value]));
  }
}
