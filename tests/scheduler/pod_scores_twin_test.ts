/** Preferences about other pods, once by groups and once pod by pod and node by node. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import {
  podAffinityScore,
  systemDefaults,
  topologySpreadFilter,
  topologySpreadScore,
} from "../../controllers/scheduler/plugins/mod.ts";
import { type PodFacts, podFacts } from "../../controllers/scheduler/pod_facts.ts";
import { clusterOf, facts, type Labels, node, pod, type PodOptions } from "./sample.ts";

const hostname = "kubernetes.io/hostname";
const zones: Record<string, Labels> = {
  ...{ n1: { zone: "a", disk: "fast" }, n2: { zone: "a" }, n3: { zone: "b", disk: "fast" } },
  ...{ n4: { disk: "fast" }, n5: { zone: "c" } },
};
/** Nobody goes there who does not tolerate it. */
const taintedNode = "n3";
const names = Object.keys(zones);
const labelsOf = (name: string): Labels => ({ [hostname]: name, ...zones[name] });
const cluster = () =>
  clusterOf(...names.map((name) => {
    const taints = name === taintedNode ? [{ key: "gpu", effect: "NoSchedule" as const }] : [];
    return node(name, { labels: zones[name], spec: { taints } });
  }));

interface Wish {
  readonly app: string;
  readonly key: string;
  readonly weight: number;
}
type Wishes = { readonly app: string; readonly near: Wish[]; readonly far: Wish[]; readonly must?: Wish };
type Placed = readonly [Wishes, string];

const wish = fc.record({
  app: fc.constantFrom("x", "y"),
  key: fc.constantFrom("zone", hostname),
  weight: fc.integer({ min: 1, max: 100 }),
});
const wishes = fc.record({
  app: fc.constantFrom("x", "y", "z"),
  near: fc.array(wish, { maxLength: 2 }),
  far: fc.array(wish, { maxLength: 2 }),
  must: fc.option(wish, { nil: undefined }),
});
const term = ({ app, key }: Wish) => ({ labelSelector: { matchLabels: { app } }, topologyKey: key });

function podOf(name: string, { app, near, far, must }: Wishes): PodFacts {
  const weighed = (list: readonly Wish[]) => list.map((one) => ({ podAffinityTerm: term(one), weight: one.weight }));
  const podAffinity = {
    preferredDuringSchedulingIgnoredDuringExecution: weighed(near),
    requiredDuringSchedulingIgnoredDuringExecution: must ? [term(must)] : [],
  };
  const podAntiAffinity = { preferredDuringSchedulingIgnoredDuringExecution: weighed(far) };
  return facts(name, { labels: { app }, spec: { affinity: { podAffinity, podAntiAffinity } } });
}

/** Every wish of the newcomer about every pod, and of every pod about the newcomer. */
function naiveAffinity(newcomer: Wishes, placed: readonly Placed[], name: string): number {
  const near = (key: string, other: string) =>
    labelsOf(name)[key] !== undefined && labelsOf(name)[key] === labelsOf(other)[key];
  let sum = 0;
  for (const [other, on] of placed) {
    const count = (one: Wish, meant: Wishes, sign: number) => {
      if (one.app === meant.app && near(one.key, on)) sum += sign * one.weight;
    };
    for (const one of newcomer.near) count(one, other, 1);
    for (const one of newcomer.far) count(one, other, -1);
    for (const one of other.near) count(one, newcomer, 1);
    for (const one of other.far) count(one, newcomer, -1);
    if (other.must) count({ ...other.must, weight: 1 }, newcomer, 1);
  }
  return sum;
}

const choice = fc.subarray(names, { minLength: 1 });

Deno.test("preferences between pods by groups are worth what asking every pod says, from 0 to 100", () => {
  const placing = fc.array(fc.tuple(wishes, fc.constantFrom(...names)), { maxLength: 8 });
  fc.assert(
    fc.property(placing, wishes, choice, (placed, newcomer, choice) => {
      const world = cluster();
      placed.forEach(([one, name], n) => world.place(podOf(`p${n}`, one), name));
      const args = { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false };
      const scores = podAffinityScore(args).prepare(podOf("newcomer", newcomer), world);
      const raw = choice.map((name) => naiveAffinity(newcomer, placed, name));
      const [least, most] = [Math.min(...raw), Math.max(...raw)];
      const expected = raw.map((value) => most === least ? 0 : Math.trunc(100 * (value - least) / (most - least)));
      assert.deepEqual(scores?.(choice.map((name) => world.node(name)!)) ?? raw.map(() => 0), expected);
    }),
    { seed: 9, numRuns: 500 },
  );
});

interface Spread {
  readonly key: string;
  readonly maxSkew: number;
  readonly minDomains?: number;
  readonly affinity: "Honor" | "Ignore";
  readonly taints: "Honor" | "Ignore";
  readonly byVersion: boolean;
}
const spread = fc.record({
  key: fc.constantFrom("zone", hostname),
  maxSkew: fc.integer({ min: 1, max: 3 }),
  affinity: fc.constantFrom("Honor" as const, "Ignore" as const),
  taints: fc.constantFrom("Honor" as const, "Ignore" as const),
  byVersion: fc.boolean(),
});
const crowd = fc.array(
  fc.record({
    on: fc.constantFrom(...names),
    app: fc.constantFrom("x", "y"),
    version: fc.constantFrom("1", "2"),
    going: fc.boolean(),
  }),
  { maxLength: 14 },
);
const newcomer = fc.record({ picky: fc.boolean(), tolerant: fc.boolean() });

function constraintOf(one: Spread, whenUnsatisfiable: ITopologySpreadConstraint["whenUnsatisfiable"]) {
  return {
    ...{ topologyKey: one.key, maxSkew: one.maxSkew, minDomains: one.minDomains, whenUnsatisfiable },
    labelSelector: { matchLabels: { app: "x" } },
    ...{ nodeAffinityPolicy: one.affinity, nodeTaintsPolicy: one.taints },
    matchLabelKeys: one.byVersion ? ["version"] : [],
  };
}

/** One that wants fast disks when it is picky, and minds no taint when it is tolerant. */
function optionsOf({ picky, tolerant }: { picky: boolean; tolerant: boolean }, constraints: object[]): PodOptions {
  const spec = {
    topologySpreadConstraints: constraints as ITopologySpreadConstraint[],
    ...(picky && { nodeSelector: { disk: "fast" } }),
    ...(tolerant && { tolerations: [{ key: "gpu", operator: "Exists" as const }] }),
  };
  return { labels: { app: "x", version: "1" }, spec };
}

type Crowd = { on: string; app: string; version: string; going: boolean }[];
type Newcomer = { picky: boolean; tolerant: boolean };

/** Nodes that count as places, as the policies say. */
function placesOf(one: Spread, { picky, tolerant }: Newcomer, keys: readonly string[]): string[] {
  return names.filter((name) =>
    keys.every((key) => labelsOf(name)[key] !== undefined) &&
    !(one.affinity === "Honor" && picky && labelsOf(name).disk !== "fast") &&
    !(one.taints === "Honor" && !tolerant && name === taintedNode)
  );
}

function meant(one: Spread, pods: Crowd): Crowd {
  return pods.filter(({ app, version, going }) => app === "x" && !going && (!one.byVersion || version === "1"));
}

function placed(pods: Crowd) {
  const world = cluster();
  pods.forEach(({ on, app, version, going }, n) => {
    const object = pod(`p${n}`, { labels: { app, version } });
    const deletionTimestamp = going ? "2030-01-01T00:00:00Z" : undefined;
    world.place(podFacts({ ...object, metadata: { ...object.metadata, deletionTimestamp } }), on);
  });
  return world;
}

Deno.test("a hard spread obeys all fields of its constraints, as counted place by place", () => {
  const hard = fc.tuple(spread, fc.constantFrom(undefined, 2, 4)).map(([one, minDomains]) => ({ ...one, minDomains }));
  fc.assert(
    fc.property(crowd, fc.array(hard, { minLength: 1, maxLength: 2 }), newcomer, (pods, hards, who) => {
      fc.pre(new Set(hards.map(({ key }) => key)).size === hards.length);
      const world = placed(pods);
      const constraints = hards.map((one) => constraintOf(one, "DoNotSchedule"));
      const filter = topologySpreadFilter(systemDefaults).prepare(facts("new", optionsOf(who, constraints)), world)!;
      const keys = hards.map(({ key }) => key);
      for (const name of names) {
        const fits = hards.every((one) => {
          const places = placesOf(one, who, keys);
          const domains = new Set(places.map((place) => labelsOf(place)[one.key]!));
          const count = (domain: string) =>
            meant(one, pods).filter(({ on }) => places.includes(on) && labelsOf(on)[one.key] === domain).length;
          const least = domains.size < (one.minDomains ?? 1) ? 0 : Math.min(...[...domains].map(count));
          const own = labelsOf(name)[one.key];
          return own !== undefined && (domains.has(own) ? count(own) : 0) + 1 - least <= one.maxSkew;
        });
        assert.equal(filter(world.node(name)!) === undefined, fits, name);
      }
    }),
    { seed: 10, numRuns: 500 },
  );
});

Deno.test("a soft spread prefers the emptier domains, as counted place by place", () => {
  fc.assert(
    fc.property(
      crowd,
      fc.array(spread, { minLength: 1, maxLength: 2 }),
      newcomer,
      choice,
      (pods, softs, who, choice) => {
        fc.pre(new Set(softs.map(({ key }) => key)).size === softs.length);
        const world = placed(pods);
        const constraints = softs.map((one) => constraintOf(one, "ScheduleAnyway"));
        const stranger = facts("new", optionsOf(who, constraints));
        const keys = softs.map(({ key }) => key);
        // Of those that fit: the filters before have seen to that.
        const nodes = choice.filter((name) =>
          (!who.picky || labelsOf(name).disk === "fast") && (who.tolerant || name !== taintedNode)
        );
        fc.pre(nodes.length > 0);
        const scores = topologySpreadScore(systemDefaults).prepare(stranger, world)!(
          nodes.map((name) => world.node(name)!),
        );
        const judged = nodes.filter((name) => keys.every((key) => labelsOf(name)[key] !== undefined));
        const crowding = (name: string) =>
          Math.round(softs.reduce((sum, one) => {
            const domain = labelsOf(name)[one.key];
            const size = new Set(judged.map((other) => labelsOf(other)[one.key])).size;
            const places = placesOf(one, who, keys);
            const near = meant(one, pods).filter(({ on }) => places.includes(on) && labelsOf(on)[one.key] === domain);
            return sum + near.length * Math.log(size + 2) + one.maxSkew - 1;
          }, 0));
        const all = judged.map(crowding);
        const [least, most] = [Math.min(...all), Math.max(...all)];
        const expected = nodes.map((name) => {
          if (!judged.includes(name)) return 0;
          return most === 0 ? 100 : Math.trunc(100 * (most + least - crowding(name)) / most);
        });
        assert.deepEqual(scores, expected);
      },
    ),
    { seed: 11, numRuns: 500 },
  );
});
