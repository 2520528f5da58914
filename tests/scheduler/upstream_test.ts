/**
 * Our decisions beside those of kube-scheduler v1.36, where its program is in PATH: pods of all sorts come one after the
 * other to the real API, upstream's scheduler binds them, and each time our rules must have had the same node among the
 * best, or the same words against all.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { INodeSelectorTerm } from "kubernetes-models/v1/NodeSelectorTerm";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Client } from "../../runtime/loop/mod.ts";
import { Job, type KubeObject, Node, Pod, ReplicaSet } from "../../runtime/schema/mod.ts";
import type { Cluster } from "../../controllers/scheduler/cluster.ts";
import { defaultProfile } from "../../controllers/scheduler/configuration/configuration.ts";
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import { planPreemption } from "../../controllers/scheduler/preemption.ts";
import { type PodFacts, podFacts } from "../../controllers/scheduler/pod_facts.ts";
import { refusalWords } from "../../controllers/scheduler/refusal_words.ts";
import { apiServer } from "../support/api_server.ts";
import { clusterOf, seeded } from "./sample.ts";
import { addNode, decided, ensureAccount, hostname, namespace, program, runUpstream, seed, zone } from "./upstream.ts";

const app = fc.constantFrom("x", "y", "z");
const key = fc.constantFrom(zone, hostname);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const nodeArbitrary = fc.record({
  zone: fc.constantFrom("a", "b", undefined),
  disk: fc.constantFrom("fast", "slow"),
  cpu: fc.constantFrom("1", "4", "8"),
  memory: fc.constantFrom("1Gi", "4Gi", "8Gi"),
  taint: sometimes(fc.constantFrom("NoSchedule" as const, "PreferNoSchedule" as const)),
  unschedulable: fc.constantFrom(false, false, false, true),
  image: fc.boolean(),
  gpu: fc.constantFrom(undefined, "2"),
  rank: fc.integer({ min: 1, max: 8 }),
});

const term = fc.record({ app, key }).map(({ app, key }) => ({
  labelSelector: { matchLabels: { app } },
  topologyKey: key,
}));
const weighted = fc.record({ weight: fc.integer({ min: 1, max: 100 }), podAffinityTerm: term });
const policy = fc.constantFrom("Honor" as const, "Ignore" as const);
const spread = fc.record({
  topologyKey: key,
  maxSkew: fc.integer({ min: 1, max: 2 }),
  ...{ nodeTaintsPolicy: policy, nodeAffinityPolicy: policy },
  strength: fc.constantFrom({ minDomains: undefined }, { minDomains: 3 }, undefined),
  matchLabelKeys: fc.constantFrom<string[] | undefined>(undefined, ["tier"]),
}).map(({ strength, ...rest }) => ({
  ...rest,
  ...strength,
  whenUnsatisfiable: strength ? "DoNotSchedule" as const : "ScheduleAnyway" as const,
}));
const nodeTerms: readonly INodeSelectorTerm[] = [
  { matchExpressions: [{ key: "disk", operator: "In", values: ["fast"] }] },
  { matchExpressions: [{ key: "disk", operator: "NotIn", values: ["fast"] }] },
  { matchExpressions: [{ key: "rank", operator: "Gt", values: ["3"] }] },
  { matchExpressions: [{ key: "rank", operator: "Lt", values: ["5"] }, { key: zone, operator: "Exists" }] },
  { matchExpressions: [{ key: zone, operator: "DoesNotExist" }] },
  { matchFields: [{ key: "metadata.name", operator: "NotIn", values: ["n1"] }] },
];
const nodeAffinity = fc.record({
  required: fc.boolean(),
  weight: fc.integer({ min: 1, max: 100 }),
  terms: fc.subarray([...nodeTerms], { minLength: 1, maxLength: 2 }),
});
/** What stands in the pod beside its container. */
const besides = fc.constantFrom<Partial<NonNullable<IPod["spec"]>>>(
  {},
  { initContainers: [{ name: "init", image: "init:1", resources: { requests: { cpu: "600m" } } }] },
  {
    initContainers: [
      {
        name: "side",
        image: "web:1",
        restartPolicy: "Always",
        resources: { requests: { cpu: "100m", memory: "50Mi" } },
      },
      { name: "init", image: "init:1", resources: { requests: { memory: "900Mi" } } },
    ],
  },
  { resources: { requests: { cpu: "700m", memory: "100Mi" } } },
);

const podArbitrary = fc.record({
  app,
  cpu: fc.constantFrom(undefined, "100m", "300m", "900m", "3"),
  memory: fc.constantFrom(undefined, "64Mi", "700Mi"),
  near: sometimes(term),
  far: sometimes(term),
  likes: sometimes(weighted),
  shuns: sometimes(weighted),
  spread: sometimes(spread),
  disk: sometimes(nodeAffinity),
  tolerates: fc.boolean(),
  hostPort: sometimes(fc.constantFrom(8080, 9090)),
  gpu: fc.constantFrom(undefined, undefined, undefined, "1"),
  tier: fc.constantFrom("front", "back"),
  besides,
  owner: fc.constantFrom(undefined, "ReplicaSet" as const, "Job" as const),
});

type PodTraits = typeof podArbitrary extends fc.Arbitrary<infer T> ? T : never;

type Owner = NonNullable<NonNullable<IPod["metadata"]>["ownerReferences"]>[number];

/** A ReplicaSet and a Job for each app, that nobody runs. */
async function addOwners(client: Client): Promise<ReadonlyMap<string, Owner>> {
  const owners = new Map<string, Owner>();
  const add = (app: string, { apiVersion = "", kind = "", metadata }: KubeObject) =>
    owners.set(`${kind} ${app}`, { apiVersion, kind, name: metadata!.name!, uid: metadata!.uid!, controller: true });
  for (const app of ["x", "y", "z"]) {
    const metadata = { name: app, namespace };
    // As a Deployment's sets: they select nobody else's pods.
    const labels = { app, hash: "ReplicaSet" };
    const containers = [{ name: "c", image: "web:1" }];
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
    add(app, await client.create(ReplicaSet, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata, spec }));
    const template = { spec: { containers, restartPolicy: "Never" as const } };
    add(app, await client.create(Job, { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template } }));
  }
  return owners;
}

function podOf(name: string, traits: PodTraits, owners: ReadonlyMap<string, Owner>): IPod {
  const { near, far, likes, shuns, disk } = traits;
  const required = <T>(one: T | undefined) => one ? [one] : [];
  const affinity: NonNullable<IPod["spec"]>["affinity"] = {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: required(near),
      preferredDuringSchedulingIgnoredDuringExecution: required(likes),
    },
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: required(far),
      preferredDuringSchedulingIgnoredDuringExecution: required(shuns),
    },
    ...(disk && {
      nodeAffinity: disk.required
        ? { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: disk.terms } }
        : {
          preferredDuringSchedulingIgnoredDuringExecution: disk.terms.map((preference) => ({
            weight: disk.weight,
            preference,
          })),
        },
    }),
  };
  const requests = {
    ...(traits.cpu && { cpu: traits.cpu }),
    ...(traits.memory && { memory: traits.memory }),
    ...(traits.gpu && { "example.com/gpu": traits.gpu }),
  };
  const limits: Record<string, string> = traits.gpu ? { "example.com/gpu": traits.gpu } : {};
  const ports = traits.hostPort ? [{ containerPort: 80, hostPort: traits.hostPort }] : [];
  const selector = { labelSelector: { matchLabels: { app: traits.app } } };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...{ name, namespace, labels: { app: traits.app, tier: traits.tier, hash: traits.owner ?? "none" } },
      ownerReferences: required(owners.get(`${traits.owner} ${traits.app}`)),
    },
    spec: {
      containers: [{ name: "c", image: "web:1", ports, resources: { requests, limits } }],
      ...traits.besides,
      affinity,
      topologySpreadConstraints: traits.spread ? [{ ...traits.spread, ...selector }] : [],
      tolerations: traits.tolerates ? [{ key: "dedicated", operator: "Exists" }] : [],
    },
  };
}

/** Nodes that we would choose, by different chances; or our words. */
function ours(pod: PodFacts, cluster: Cluster): { nodes: Set<string>; words: string } {
  const nodes = new Set<string>();
  for (let seed = 0; seed < 60; seed++) {
    const placement = placePod(pod, cluster, defaultProfile, { random: seeded(seed) });
    if (placement.type === "placed") nodes.add(placement.node);
    else {
      const plan = planPreemption({ pod, cluster, profile: defaultProfile, budgets: [] }, placement, { from: 0 });
      const tried = plan.type === "victims" ? "" : ` no new claims to deallocate, preemption: ${plan.words}`;
      return { nodes, words: refusalWords(placement) + tried };
    }
  }
  return { nodes, words: "" };
}

Deno.test({
  name: "kube-scheduler chooses nodes that are among our best, and refuses pods in our words",
  ignore: program === undefined, // kube-scheduler is not in PATH
  async fn() {
    await using server = await apiServer();
    const { client } = server;
    await ensureAccount(client);
    const traits = fc.sample(nodeArbitrary, { numRuns: 7, seed });
    await Promise.all(traits.map((one, n) => addNode(client, `n${n}`, one)));
    const cluster = clusterOf(...(await client.list(Node)).items);
    const owners = await addOwners(client);
    await using _scheduler = await runUpstream(server);
    const differences: unknown[] = [];
    for (const [n, one] of fc.sample(podArbitrary, { numRuns: 60, seed }).entries()) {
      const name = `p${n}`;
      const facts = podFacts(await client.create(Pod, podOf(name, one, owners)));
      const { nodes, words } = ours(facts, cluster);
      const pod = await decided(client, name);
      const chosen = pod.spec?.nodeName;
      const said = pod.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message ?? "";
      if (chosen) cluster.place(facts, chosen);
      const same = chosen ? nodes.has(chosen) : words === said;
      if (!same) differences.push({ name, upstream: chosen ?? said, ours: nodes.size > 0 ? [...nodes] : words, one });
      if (!chosen) await client.delete(Pod, { namespace, name }, { gracePeriodSeconds: 0 });
    }
    assert.deepEqual(differences, []);
  },
});
