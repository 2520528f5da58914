import assert from "node:assert/strict";
import { enoughNodes, placePod } from "../../controllers/scheduler/place_pod.ts";
import { defaultProfile } from "../../controllers/scheduler/mod.ts";
import { clusterOf, container, facts, node, outcome, type PodOptions, seeded } from "./sample.ts";

const zone = "topology.kubernetes.io/zone";
const host = "kubernetes.io/hostname";

Deno.test("why a pod has no node is told in upstream's words, sorted and counted", () => {
  const taints = [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" as const }];
  const cluster = clusterOf(node("n1", { spec: { taints } }), node("n2"), node("n3"));
  assert.equal(
    outcome(facts("p", { requests: { cpu: "5", memory: "9Gi" } }), cluster),
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu, 2 Insufficient memory.",
  );
  assert.equal(outcome(facts("p"), clusterOf()), "no nodes available to schedule pods");
});

const refusals: { readonly why: string; readonly pod: PodOptions; readonly words: string }[] = [
  {
    why: "another node's name",
    pod: { spec: { nodeName: "x" } },
    words: "node(s) didn't match the requested node name",
  },
  {
    why: "a selector that nothing matches",
    pod: { spec: { nodeSelector: { disk: "ssd" } } },
    words: "node(s) didn't match Pod's node affinity/selector",
  },
  { why: "an unknown resource", pod: { requests: { "example.com/gpu": 1 } }, words: "Insufficient example.com/gpu" },
  {
    why: "affinity to a pod that is nowhere",
    pod: { spec: { affinity: { podAffinity: requiring({ app: "none" }, host) } } },
    words: "node(s) didn't match pod affinity rules",
  },
  {
    why: "a spread over a label that the node lacks",
    pod: { labels: { app: "a" }, spec: { topologySpreadConstraints: [even("rack")] } },
    words: "node(s) didn't match pod topology spread constraints (missing required label)",
  },
];

function requiring(matchLabels: Record<string, string>, topologyKey: string) {
  return { requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: { matchLabels }, topologyKey }] };
}

function even(topologyKey: string) {
  const labelSelector = { matchLabels: { app: "a" } };
  return { maxSkew: 1, topologyKey, whenUnsatisfiable: "DoNotSchedule" as const, labelSelector };
}

for (const { why, pod, words } of refusals) {
  Deno.test(`a pod is refused for ${why}`, () => {
    assert.equal(outcome(facts("p", pod), clusterOf(node("n1"))), `0/1 nodes are available: 1 ${words}.`);
  });
}

Deno.test("a cordoned node takes only pods that tolerate the cordon", () => {
  const cluster = clusterOf(node("n1", { spec: { unschedulable: true } }));
  assert.match(outcome(facts("p"), cluster), /1 node\(s\) were unschedulable\./);
  const tolerations = [{ key: "node.kubernetes.io/unschedulable", operator: "Exists" as const }];
  assert.equal(outcome(facts("p", { spec: { tolerations } }), cluster), "n1");
});

Deno.test("a full node takes no more pods, whatever they ask for", () => {
  const cluster = clusterOf(node("n1", { allocatable: { pods: "1" } }));
  cluster.place(facts("there"), "n1");
  assert.equal(outcome(facts("p"), cluster), "0/1 nodes are available: 1 Too many pods.");
});

Deno.test("a host port is free on another address, and on no address once a pod has it on all", () => {
  const at = (hostIP: string) => ({ ...container(), ports: [{ containerPort: 80, hostPort: 80, hostIP }] });
  const cluster = clusterOf(node("n1"));
  cluster.place(facts("there", { spec: { containers: [at("127.0.0.1")] } }), "n1");
  assert.equal(outcome(facts("p", { spec: { containers: [at("10.0.0.1")] } }), cluster), "n1");
  const all = facts("p", { spec: { containers: [at("")] } });
  assert.match(outcome(all, cluster), /1 node\(s\) didn't have free ports for the requested pod ports\./);
});

Deno.test("node affinity obeys every operator", () => {
  const cluster = clusterOf(node("n1", { labels: { disk: "ssd", cores: "8" } }));
  const fits = (operator: string, key: string, values?: string[]) => {
    const term = { matchExpressions: [{ key, operator: operator as "In", values }] };
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } };
    return outcome(facts("p", { spec: { affinity: { nodeAffinity } } }), cluster) === "n1";
  };
  assert.deepEqual([fits("In", "disk", ["hdd", "ssd"]), fits("In", "disk", ["hdd"])], [true, false]);
  assert.deepEqual([fits("NotIn", "disk", ["hdd"]), fits("NotIn", "none", ["x"])], [true, true]);
  assert.deepEqual([fits("Exists", "disk"), fits("Exists", "none")], [true, false]);
  assert.deepEqual([fits("DoesNotExist", "none"), fits("DoesNotExist", "disk")], [true, false]);
  assert.deepEqual([fits("Gt", "cores", ["7"]), fits("Gt", "cores", ["8"]), fits("Gt", "disk", ["1"])], [
    true,
    false,
    false,
  ]);
  assert.deepEqual([fits("Lt", "cores", ["9"]), fits("Lt", "none", ["9"])], [true, false]);
});

Deno.test("anti-affinity holds against pods that are there, and theirs against the newcomer", () => {
  const cluster = clusterOf(node("n1", { labels: { [zone]: "a" } }), node("n2", { labels: { [zone]: "b" } }));
  const lonely = { spec: { affinity: { podAntiAffinity: requiring({ app: "web" }, zone) } } };
  cluster.place(facts("lonely", lonely), "n1");
  assert.equal(outcome(facts("web", { labels: { app: "web" } }), cluster), "n2");
  cluster.place(facts("web", { labels: { app: "web" } }), "n2");
  assert.equal(outcome(facts("lonely2", lonely), cluster), "n1");
  const both = { labels: { app: "web" }, ...lonely };
  assert.equal(
    outcome(facts("both", both), cluster),
    "0/2 nodes are available: 1 node(s) didn't match pod anti-affinity rules, " +
      "1 node(s) didn't satisfy existing pods anti-affinity rules.",
  );
});

Deno.test("the first of pods that want to be together may start anywhere, the next follow it", () => {
  const cluster = clusterOf(node("n1"), node("n2"), node("n3"));
  const together = { labels: { app: "web" }, spec: { affinity: { podAffinity: requiring({ app: "web" }, host) } } };
  const first = outcome(facts("p0", together), cluster);
  cluster.place(facts("p0", together), first);
  for (let n = 1; n < 10; n++) {
    assert.equal(outcome(facts(`p${n}`, together), cluster, seeded(n)), first);
    cluster.place(facts(`p${n}`, together), first);
  }
});

Deno.test("a spread that pods insist on is never more uneven than maxSkew", () => {
  const nodes = ["a", "a", "b", "c"].map((name, n) => node(`n${n}`, { labels: { [zone]: name } }));
  const cluster = clusterOf(...nodes);
  const spec = { topologySpreadConstraints: [even(zone)] };
  const perZone = new Map([["a", 0], ["b", 0], ["c", 0]]);
  for (let n = 0; n < 30; n++) {
    const each = facts(`p${n}`, { labels: { app: "a" }, spec });
    const name = outcome(each, cluster, seeded(n));
    cluster.place(each, name);
    const where = cluster.node(name)!.labels[zone]!;
    perZone.set(where, perZone.get(where)! + 1);
    assert.ok(Math.max(...perZone.values()) - Math.min(...perZone.values()) <= 1);
  }
});

Deno.test("pods of one controller spread over nodes without being asked", () => {
  const cluster = clusterOf(...Array.from({ length: 5 }, (_, n) => node(`n${n}`)));
  for (let n = 0; n < 20; n++) {
    const each = facts(`p${n}`, { owner: "set" });
    cluster.place(each, outcome(each, cluster, seeded(n)));
  }
  assert.deepEqual(cluster.nodes.map(({ podCount }) => podCount), [4, 4, 4, 4, 4]);
});

Deno.test("the emptiest node wins, preferences and soft taints outweigh it, an image attracts", () => {
  const images = [{ names: ["big:1"], sizeBytes: 900 * 1024 ** 2 }];
  const withImage = node("n2");
  withImage.status = { ...withImage.status, images };
  const cluster = clusterOf(node("n1", { labels: { disk: "ssd" } }), withImage, node("n3"));
  cluster.place(facts("a", { requests: { cpu: "2", memory: "4Gi" } }), "n1");
  cluster.place(facts("b", { requests: { cpu: "1", memory: "2Gi" } }), "n2");
  assert.equal(outcome(facts("p"), cluster), "n3");
  const preference = { matchExpressions: [{ key: "disk", operator: "Exists" as const }] };
  const nodeAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] };
  assert.equal(outcome(facts("p", { spec: { affinity: { nodeAffinity } } }), cluster), "n1");
  const bigImage = { containers: [{ name: "c", image: "big:1" }] };
  assert.equal(outcome(facts("p", { spec: bigImage }), cluster), "n2");
  cluster.setNode(node("n3", { spec: { taints: [{ key: "k", effect: "PreferNoSchedule" }] } }));
  assert.equal(outcome(facts("p"), cluster), "n2");
});

Deno.test("pods go to the nodes that they are pinned to; the emptiest node wins among equals", () => {
  const pool = { pool: "batch" };
  const cluster = clusterOf(node("a"), node("b", { labels: pool }), node("c", { labels: pool }), node("d"));
  cluster.place(facts("x", { requests: { cpu: "1", memory: "2Gi" } }), "b");
  cluster.place(facts("y", { requests: { cpu: "2", memory: "4Gi" } }), "c");
  const request = { cpu: "500m", memory: "1Gi" };
  assert.equal(outcome(facts("p", { requests: request, spec: { nodeSelector: pool } }), cluster), "b");
  assert.equal(outcome(facts("q", { requests: request, spec: { nodeName: "c" } }), cluster), "c");
  for (const name of ["a", "d"]) cluster.place(facts(`on-${name}`, { requests: { cpu: "3", memory: "6Gi" } }), name);
  const everywhere = [1, 2, 3].map((seed) => outcome(facts("r", { requests: request }), cluster, seeded(seed)));
  assert.deepEqual(everywhere, ["b", "b", "b"]);
});

Deno.test("equal nodes are chosen by the injected chance alone", () => {
  const cluster = clusterOf(...Array.from({ length: 4 }, (_, n) => node(`n${n}`)));
  const chosen = (seed: number) =>
    Array.from({ length: 40 }, (_, n) => outcome(facts(`p${n}`), cluster, seeded(seed + n)));
  assert.deepEqual(chosen(1), chosen(1));
  assert.equal(new Set(chosen(1)).size, 4);
});

Deno.test("a cluster of a thousand nodes is filled to the last place and not beyond", () => {
  const nodes = Array.from({ length: 1000 }, (_, n) => node(`n${n}`, { allocatable: { cpu: "2" } }));
  const cluster = clusterOf(...nodes);
  const random = seeded(7);
  let from = 0;
  for (let n = 0; n < 4000; n++) {
    const each = facts(`p${n}`, { requests: { cpu: "500m" }, owner: `set${n % 20}` });
    const placement = placePod(each, cluster, defaultProfile, { random, from: from % 1000 });
    assert.ok(placement.type === "placed");
    if (n === 0) assert.equal(placement.looked, enoughNodes(1000));
    cluster.assume(each, placement.node);
    from += placement.looked;
  }
  for (const { used, podCount } of cluster.nodes) assert.ok(used.cpu === 2000 && podCount === 4);
  assert.equal(
    outcome(facts("late", { requests: { cpu: "1" } }), cluster),
    "0/1000 nodes are available: 1000 Insufficient cpu.",
  );
});

Deno.test("how many nodes are enough follows the size of the cluster", () => {
  assert.deepEqual([1, 99, 100, 1000, 5000, 20000].map((nodes) => enoughNodes(nodes)), [1, 99, 100, 420, 500, 1000]);
});
