/** Rules about other pods, once by groups and once pod by pod. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { podAffinityFilter, systemDefaults, topologySpreadFilter } from "../../controllers/scheduler/plugins/mod.ts";
import { clusterOf, facts, type Labels, node, type PodOptions } from "./sample.ts";
import type { PodFacts } from "../../controllers/scheduler/pod_facts.ts";

type Placed = readonly [PodFacts, string];

const zones: Record<string, Labels> = { n1: { zone: "a" }, n2: { zone: "a" }, n3: { zone: "b" }, n4: {} };
const labelsOf = (name: string): Labels => ({ "kubernetes.io/hostname": name, ...zones[name] });

interface Rule {
  readonly app: string;
  readonly topologyKey: string;
}

const rule = fc.record({
  app: fc.constantFrom("x", "y"),
  topologyKey: fc.constantFrom("zone", "kubernetes.io/hostname"),
});
const podOf = fc.record({
  app: fc.constantFrom("x", "y", "z"),
  near: fc.option(rule, { nil: undefined, freq: 4 }),
  far: fc.option(rule, { nil: undefined, freq: 2 }),
});

function options({ app, near, far }: { app: string; near?: Rule; far?: Rule }): PodOptions {
  const terms = (rule?: Rule) =>
    rule && {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: rule.app } }, topologyKey: rule.topologyKey },
      ],
    };
  return { labels: { app }, spec: { affinity: { podAffinity: terms(near), podAntiAffinity: terms(far) } } };
}

/** Whether the node may take the pod, as the API's words have it. */
function naiveAffinity(pod: PodFacts, name: string, placed: readonly Placed[]): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const [near] = podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const [far] = podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const means = (term: typeof near, labels: Readonly<Labels>) => term!.labelSelector!.matchLabels!.app === labels.app;
  const sameDomain = (key: string, other: string) =>
    labelsOf(name)[key] !== undefined && labelsOf(name)[key] === labelsOf(other)[key];
  if (near) {
    const matching = placed.filter(([other]) => means(near, other.labels));
    const somewhere = matching.some(([, on]) => labelsOf(on)[near.topologyKey] !== undefined);
    const starts = !somewhere && means(near, pod.labels) && labelsOf(name)[near.topologyKey] !== undefined;
    if (!starts && !matching.some(([, on]) => sameDomain(near.topologyKey, on))) return false;
  }
  if (far && placed.some(([other, on]) => means(far, other.labels) && sameDomain(far.topologyKey, on))) return false;
  return !placed.some(([other, on]) => {
    const [theirs] = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    return theirs && means(theirs, pod.labels) && sameDomain(theirs.topologyKey, on);
  });
}

function build(pods: readonly (readonly [Parameters<typeof options>[0], string])[]) {
  const cluster = clusterOf(...Object.entries(zones).map(([name, labels]) => node(name, { labels })));
  const placed = pods.map(([pod, name], n): Placed => [facts(`p${n}`, options(pod)), name]);
  for (const [pod, name] of placed) cluster.place(pod, name);
  return { cluster, placed };
}

const placedPods = fc.array(fc.tuple(podOf, fc.constantFrom(...Object.keys(zones))), { maxLength: 8 });

Deno.test("affinity and anti-affinity by groups say what looking at every pod says", () => {
  fc.assert(
    fc.property(placedPods, podOf, (pods, candidate) => {
      const { cluster, placed } = build(pods);
      const pod = facts("candidate", options(candidate));
      const filter = podAffinityFilter.prepare(pod, cluster);
      for (const state of cluster.nodes) {
        assert.equal(filter?.(state) === undefined, naiveAffinity(pod, state.name, placed), state.name);
      }
    }),
    { seed: 6, numRuns: 500 },
  );
});

Deno.test("a spread by groups says what counting every pod says", () => {
  const constraint = fc.record({
    topologyKey: fc.constantFrom("zone", "kubernetes.io/hostname"),
    maxSkew: fc.integer({ min: 1, max: 3 }),
    minDomains: fc.constantFrom(undefined, 1, 3),
  });
  fc.assert(
    fc.property(
      placedPods,
      constraint,
      fc.constantFrom("x", "z"),
      (pods, { topologyKey, maxSkew, minDomains }, app) => {
        const { cluster, placed } = build(pods);
        const labelSelector = { matchLabels: { app: "x" } };
        const spread = { topologyKey, maxSkew, minDomains, whenUnsatisfiable: "DoNotSchedule" as const, labelSelector };
        const pod = facts("candidate", { labels: { app }, spec: { topologySpreadConstraints: [spread] } });
        const filter = topologySpreadFilter(systemDefaults).prepare(pod, cluster)!;
        const domains = new Set(Object.keys(zones).map((name) => labelsOf(name)[topologyKey]).filter(Boolean));
        const count = (domain: string) =>
          placed.filter(([other, on]) => other.labels.app === "x" && labelsOf(on)[topologyKey] === domain).length;
        const least = domains.size < (minDomains ?? 1) ? 0 : Math.min(...[...domains].map((domain) => count(domain!)));
        for (const state of cluster.nodes) {
          const domain = labelsOf(state.name)[topologyKey];
          const fits = domain !== undefined && count(domain) + (app === "x" ? 1 : 0) - least <= maxSkew;
          assert.equal(filter(state) === undefined, fits, state.name);
        }
      },
    ),
    { seed: 8, numRuns: 500 },
  );
});
