import assert from "node:assert/strict";
import type { IPod } from "kubernetes-models/v1/Pod";
import { scheduler } from "../../controllers/scheduler/mod.ts";
import { type Client, type Patch, runControllers, type Running, systemClock } from "../../runtime/loop/mod.ts";
import {
  Event,
  isReason,
  Node,
  PersistentVolumeClaim,
  Pod,
  PriorityClass,
  ServiceAccount,
  type Stored,
} from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { node, pod, type PodOptions, seeded } from "./sample.ts";

interface World extends AsyncDisposable {
  readonly client: Client;
  addNode(...options: Parameters<typeof node>): Promise<void>;
  addPod(name: string, options?: PodOptions): Promise<void>;
  /** The pod, as soon as it is so. */
  until(name: string, test: (pod: Stored<IPod>) => boolean): Promise<Stored<IPod>>;
}

async function world(): Promise<World> {
  const server = await apiServer();
  const { client } = server;
  const account = { apiVersion: "v1" as const, kind: "ServiceAccount" as const };
  await client.create(ServiceAccount, { ...account, metadata: { name: "default", namespace: "default" } })
    .catch((error) => assert.ok(isReason(error, "AlreadyExists")));
  const { signal } = new AbortController();
  const running = runControllers([scheduler()], { client, signal, identity: "me", random: seeded(1) });
  return {
    client,
    async addNode(...options) {
      const { status, metadata: { name, labels }, ...rest } = node(...options);
      await client.create(Node, { ...rest, metadata: { name, labels } });
      await client.patch(Node, { name }, { type: "merge", body: { status } as never }, { subresource: "status" });
      await client.patch(Node, { name }, seenWell);
    },
    async addPod(name, options) {
      const { spec, metadata: { labels } } = pod(name, options);
      await client.create(Pod, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", labels },
        spec,
      });
    },
    until: (name, test) => until(running, name, test),
    async [Symbol.asyncDispose]() {
      await running.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function until(
  { informers }: Running,
  name: string,
  test: (pod: Stored<IPod>) => boolean,
): Promise<Stored<IPod>> {
  const informer = informers.of(Pod);
  const { promise, resolve } = Promise.withResolvers<Stored<IPod>>();
  using _handler = informer.onChange(({ object }) => object.metadata.name === name && test(object) && resolve(object));
  return await promise;
}

/** Takes the taint off that every new node has. */
const seenWell: Patch = { type: "merge", body: { spec: { taints: null } } };

const isBound = ({ spec }: Stored<IPod>) => spec?.nodeName !== undefined;
const scheduledCondition = ({ status }: Stored<IPod>) =>
  status?.conditions?.find(({ type }) => type === "PodScheduled");

/** The first Event with this reason. */
async function eventOf(client: Client, reason: string) {
  const stop = new AbortController();
  for await (const event of client.watch(Event, { namespace: "default", signal: stop.signal })) {
    if (event.type === "BOOKMARK" || event.object.reason !== reason) continue;
    stop.abort();
    return event.object;
  }
  throw new Error("the watch ended");
}

Deno.test("pods are bound, no node gets more than it has, and an Event says where each went", async () => {
  await using cluster = await world();
  for (const name of ["n1", "n2"]) await cluster.addNode(name, { allocatable: { cpu: "2" } });
  const names = Array.from({ length: 20 }, (_, n) => `p${n}`);
  await Promise.all(names.map((name) => cluster.addPod(name, { requests: { cpu: "200m" } })));
  const pods = await Promise.all(names.map((name) => cluster.until(name, isBound)));
  const on = (name: string) => pods.filter(({ spec }) => spec?.nodeName === name).length;
  assert.deepEqual([on("n1"), on("n2")], [10, 10]);
  assert.equal(scheduledCondition(pods[0]!)?.status, "True");
  const { message, type, source, involvedObject } = await eventOf(cluster.client, "Scheduled");
  assert.match(message!, /^Successfully assigned default\/p\d+ to n[12]$/);
  assert.deepEqual([type, source?.component, involvedObject.kind], ["Normal", "default-scheduler", "Pod"]);
});

Deno.test("a pod that fits nowhere says why, and is bound when a node comes that fits", async () => {
  await using cluster = await world();
  await cluster.addNode("small", { allocatable: { cpu: "1" } });
  await cluster.addPod("p", { requests: { cpu: "2" } });
  const waiting = await cluster.until("p", (pod) => scheduledCondition(pod)?.reason === "Unschedulable");
  const words = "0/1 nodes are available: 1 Insufficient cpu. " +
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
  assert.equal(scheduledCondition(waiting)?.message, words);
  const event = await eventOf(cluster.client, "FailedScheduling");
  assert.deepEqual([event.type, event.message], ["Warning", words]);
  await cluster.addNode("large", { allocatable: { cpu: "4" } });
  assert.equal((await cluster.until("p", isBound)).spec?.nodeName, "large");
});

Deno.test("a pod whose claim waits for its volume says so, in the words that upstream's scheduler has for it", async () => {
  await using cluster = await world();
  await cluster.addNode("n1");
  const claim = { name: "data", namespace: "default" };
  await cluster.client.create(PersistentVolumeClaim, {
    ...{ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: claim },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "", resources: { requests: { storage: "1Gi" } } },
  });
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }];
  await cluster.addPod("p", { spec: { volumes } });
  const waiting = await cluster.until("p", (pod) => scheduledCondition(pod)?.reason === "Unschedulable");
  assert.equal(
    scheduledCondition(waiting)?.message,
    "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
  );
});

Deno.test("a pod that waits for room is bound when another pod goes", async () => {
  await using cluster = await world();
  await cluster.addNode("n1", { allocatable: { cpu: "1" } });
  await cluster.addPod("first", { requests: { cpu: "1" } });
  await cluster.until("first", isBound);
  await cluster.addPod("second", { requests: { cpu: "1" } });
  await cluster.until("second", (pod) => scheduledCondition(pod)?.reason === "Unschedulable");
  await cluster.client.delete(Pod, { namespace: "default", name: "first" }, { gracePeriodSeconds: 0 });
  assert.equal((await cluster.until("second", isBound)).spec?.nodeName, "n1");
});

Deno.test("a gated pod waits for its gates, and a pod of another scheduler is left alone", async () => {
  await using cluster = await world();
  await cluster.addNode("n1");
  await cluster.addPod("foreign", { spec: { schedulerName: "another" } });
  await cluster.addPod("gated", { spec: { schedulingGates: [{ name: "example.com/wait" }] } });
  const gated = await cluster.until("gated", (pod) => scheduledCondition(pod)?.reason === "SchedulingGated");
  assert.equal(isBound(gated), false);
  const body = { spec: { schedulingGates: [] } };
  await cluster.client.patch(Pod, { namespace: "default", name: "gated" }, { type: "merge", body });
  await cluster.until("gated", isBound);
  const foreign = await cluster.client.get(Pod, { namespace: "default", name: "foreign" });
  assert.equal(isBound(foreign!), false);
});

Deno.test("a scheduler that starts again counts what runs and binds what waits", async () => {
  await using server = await apiServer();
  const { client } = server;
  const { signal } = new AbortController();
  const meta = (name: string) => ({ name, namespace: "default" });
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: meta("default") })
    .catch((error) => assert.ok(isReason(error, "AlreadyExists")));
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
  const status = { allocatable: { cpu: "1", pods: "10" } };
  await client.patch(Node, { name: "n1" }, { type: "merge", body: { status } }, { subresource: "status" });
  await client.patch(Node, { name: "n1" }, seenWell);
  const create = (name: string) => {
    const { spec } = pod(name, { requests: { cpu: "600m" } });
    return client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: meta(name), spec });
  };
  const run = () => runControllers([scheduler()], { client, signal, identity: "me", clock: systemClock });
  const first = run();
  await create("a");
  await until(first, "a", isBound);
  await first.stop();
  await create("b");
  const second = run();
  const waiting = await until(second, "b", (pod) => scheduledCondition(pod)?.reason === "Unschedulable");
  assert.match(scheduledCondition(waiting)!.message!, /^0\/1 nodes are available: 1 Insufficient cpu\./);
  await second.stop();
});

Deno.test("a more important pod is promised the room of a less important one, which is told why it goes", async () => {
  await using cluster = await world();
  const { client } = cluster;
  const metadata = { name: "important" };
  await client.create(PriorityClass, {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata,
    value: 1000,
  });
  await cluster.addNode("n1", { allocatable: { cpu: "1" } });
  // A finalizer keeps the victim in sight after its deletion.
  await cluster.addPod("victim", { requests: { cpu: "1" } });
  await cluster.until("victim", isBound);
  const finalizers: Patch = { type: "merge", body: { metadata: { finalizers: ["example.com/watch"] } } };
  const victim = { namespace: "default", name: "victim" };
  await client.patch(Pod, victim, finalizers);
  await cluster.addPod("p", { requests: { cpu: "1" }, spec: { priorityClassName: "important" } });
  await cluster.until("p", ({ status }) => status?.nominatedNodeName === "n1");
  const going = await cluster.until("victim", ({ metadata }) => metadata.deletionTimestamp !== undefined);
  const { reason, message } = going.status!.conditions!.find(({ type }) => type === "DisruptionTarget")!;
  const words = "default-scheduler: preempting to accommodate a higher priority pod";
  assert.deepEqual([reason, message], ["PreemptionByScheduler", words]);
  assert.match((await eventOf(client, "Preempted")).message!, /^Preempted by pod \S+ on node n1$/);
  await client.patch(Pod, victim, { type: "merge", body: { metadata: { finalizers: null } } });
  await client.delete(Pod, victim, { gracePeriodSeconds: 0 }).catch((error) => assert.ok(isReason(error, "NotFound")));
  assert.equal((await cluster.until("p", isBound)).spec?.nodeName, "n1");
});
