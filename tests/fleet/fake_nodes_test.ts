import assert from "node:assert/strict";
import fc from "fast-check";
import {
  fakeNodeLeases,
  fakeNodes,
  jobs,
  nodeIpam,
  nodeLifecycle,
  podGc,
  replicaSets,
  scheduler,
  serviceAccounts,
} from "../../controllers/mod.ts";
import { beatOf, untilBeat } from "../../controllers/fake_nodes/beat.ts";
import { stepOf } from "../../controllers/fake_nodes/pod_plan.ts";
import { Job, Lease, Namespace, Node, Pod, ReplicaSet, ServiceAccount } from "../../runtime/schema/mod.ts";
import { runControllers } from "../../runtime/loop/mod.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { testCluster } from "../controllers/cluster.ts";

const template = {
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "main", image: "no.such.registry/web:1" }] },
};

Deno.test("fake nodes are ready, run what is bound to them under addresses of their own, finish Jobs and let pods go", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const fake = fakeNodes({ count: 2 });
  const loops = [
    serviceAccounts,
    replicaSets,
    jobs,
    nodeIpam(),
    nodeLifecycle(),
    podGc(),
    scheduler(),
    fake,
    fakeNodeLeases(),
  ];
  cluster.run(loops);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "work" } });
  await until(ServiceAccount, { namespace: "work", name: "default" }, (account) => account !== undefined);
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "real" } });

  const web = { namespace: "work", name: "web" };
  const spec = { replicas: 9, selector: { matchLabels: { app: "web" } }, template };
  await client.create(ReplicaSet, { apiVersion: "apps/v1", kind: "ReplicaSet", metadata: web, spec });
  await until(ReplicaSet, web, (set) => set?.status?.availableReplicas === 9);
  const { items: pods } = await client.list(Pod, { namespace: "work" });
  assert.equal(new Set(pods.map(({ status }) => status?.podIP)).size, 9);
  assert.deepEqual([...new Set(pods.map(({ spec }) => spec?.nodeName))].sort(), ["fake-0", "fake-1"]);
  for (const name of ["fake-0", "fake-1"]) {
    await until(Lease, { namespace: "kube-node-lease", name }, (lease) => lease?.spec?.holderIdentity === name);
  }
  assert.equal((await client.get(Node, { name: "real" }))?.status?.nodeInfo?.osImage ?? "", "", "it is not played");

  const once = { namespace: "work", name: "once" };
  const job = { template: { spec: { ...template.spec, restartPolicy: "Never" as const } } };
  await client.create(Job, { apiVersion: "batch/v1", kind: "Job", metadata: once, spec: job });
  await until(Job, once, (job) => job?.status?.succeeded === 1 && job.status.completionTime !== undefined);

  const [first] = pods;
  await client.delete(Pod, { namespace: "work", name: first!.metadata.name });
  await until(Pod, { namespace: "work", name: first!.metadata.name }, (pod) => pod === undefined);
  await until(ReplicaSet, web, (set) => set?.status?.availableReplicas === 9);
});

Deno.test("a Node that somebody labels is played with the size that it says, and one that was deleted stays away", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([nodeIpam(), fakeNodes({ count: 1 })]);
  await until(
    Node,
    { name: "fake-0" },
    (node) => node?.status?.conditions?.some(({ type }) => type === "Ready") ?? false,
  );
  await client.delete(Node, { name: "fake-0" });
  const capacity = { cpu: "2", memory: "1Gi", pods: "5", "example.com/gpu": "8" };
  const metadata = { name: "large", labels: { "d8s.io/node": "fake" } };
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata, status: { capacity } });
  const large = await until(Node, { name: "large" }, (node) => node?.status?.conditions?.length === 4);
  assert.deepEqual(large?.status?.allocatable, capacity);
  assert.equal(await client.get(Node, { name: "fake-0" }), undefined);
});

Deno.test("a fake node renews its Lease within ten seconds, and no more once the label is taken away", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const clock = new VirtualClock(Date.parse("2026-01-01T00:00:00Z"));
  const { signal } = new AbortController();
  const loops = [fakeNodes({ count: 1 }), fakeNodeLeases()];
  await using _running = runControllers(loops, { client, clock, signal, identity: "t", random: () => 0.5 });
  const lease = { namespace: "kube-node-lease", name: "fake-0" };
  const renewTime = async () => (await client.get(Lease, lease))?.spec?.renewTime;
  await until(Lease, lease, (found) => found !== undefined);
  const first = await renewTime();
  let passed = 0;
  for (; await renewTime() === first && passed < 20; passed++) await clock.advance(1_000);
  assert.ok(passed <= 12, `after ${passed} s`);
  await client.patch(Node, { name: "fake-0" }, {
    type: "merge",
    body: { metadata: { labels: { "d8s.io/node": null } } },
  });
  await until(Node, { name: "fake-0" }, (node) => node?.metadata.labels?.["d8s.io/node"] === undefined);
  const last = await renewTime();
  for (let second = 0; second < 30; second++) await clock.advance(1_000);
  assert.equal(await renewTime(), last);
});

Deno.test("beats are spread over ten seconds, and a node that was held up is on its own again", () => {
  const beats = Array.from({ length: 1000 }, (_, i) => beatOf(i / 1000));
  assert.equal(new Set(beats).size, 10);
  assert.equal(Math.max(...beats), 9000);
  const time = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) });
  fc.assert(fc.property(fc.constantFrom(...beats), time, (beat, now) => {
    const wait = untilBeat(beat, now);
    assert.ok(wait > 0 && wait <= 10_000, `${wait} ms`);
    assert.equal((now + wait) % 10_000, beat);
  }));
});

Deno.test("a pod is not ready before its readiness gates are, and those who hold it back are told how it ended", () => {
  const world = { now: 0, hostIp: "198.18.0.1", address: () => "10.244.0.2" };
  const metadata = { name: "a", namespace: "work", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const spec = { containers: [{ name: "main" }], readinessGates: [{ conditionType: "example.com/lit" }] };
  const started = stepOf({ metadata, spec } as never, world);
  assert.ok(started?.do === "write");
  const { status } = started;
  const readyOf = (conditions: typeof status.conditions) => conditions?.find(({ type }) => type === "Ready")?.status;
  assert.equal(readyOf(status.conditions), "False");
  assert.equal(stepOf({ metadata, spec, status } as never, world), undefined, "nothing to say twice");
  const lit = { ...status, conditions: [...status.conditions!, { type: "example.com/lit", status: "True" }] };
  const ready = stepOf({ metadata, spec, status: lit } as never, world);
  assert.equal(ready?.do === "write" && readyOf(ready.status.conditions), "True");

  const going = { ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
  assert.equal(stepOf({ metadata: going, spec, status } as never, world)?.do, "remove");
  const kept = { ...going, finalizers: ["example.com/count"] };
  const ended = stepOf({ metadata: kept, spec, status } as never, world);
  assert.equal(ended?.do === "write" && ended.status.phase, "Succeeded");
});
