/** Extenders: a real HTTP server that has its say about real pods. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
import { schedulerConfiguration } from "../../controllers/scheduler/configuration/configuration.ts";
import { connected } from "../../controllers/scheduler/extenders/connect.ts";
import { scheduler } from "../../controllers/scheduler/mod.ts";
import { runControllers } from "../../runtime/loop/mod.ts";
import { type Json, Node, Pod, PriorityClass, ServiceAccount, type Stored } from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { node, pod, type PodOptions, seeded } from "./sample.ts";

type Asked = Record<string, Json>;
type Answers = Record<string, (body: never) => unknown>;

/** Answers by the last part of the path, and remembers what it was asked. */
async function extender(answers: Answers) {
  const asked: [string, Asked][] = [];
  const server = createServer(async (request, response) => {
    const verb = request.url!.split("/").at(-1)!;
    const body = await json(request);
    asked.push([verb, body as Asked]);
    const answer = answers[verb]?.(body as never);
    response.writeHead(answer === undefined ? 500 : 200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${port}/ext`, asked, [Symbol.asyncDispose]: close };
}

async function world(extenders: Json[], nodes: readonly Parameters<typeof node>[]) {
  const configuration = schedulerConfiguration({
    apiVersion: "kubescheduler.config.k8s.io/v1",
    kind: "KubeSchedulerConfiguration",
    extenders,
  });
  const server = await apiServer();
  const { client } = server;
  const account = { apiVersion: "v1" as const, kind: "ServiceAccount" as const };
  await client.create(ServiceAccount, { ...account, metadata: { name: "default", namespace: "default" } })
    .catch(() => {});
  for (const options of nodes) {
    const { status, metadata: { name, labels }, ...rest } = node(...options);
    await client.create(Node, { ...rest, metadata: { name, labels } });
    await client.patch(Node, { name }, { type: "merge", body: { status } as never }, { subresource: "status" });
    await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
  }
  const connectedOnes = await Promise.all(configuration.extenders.map(connected));
  const { signal } = new AbortController();
  const options = { ...configuration, extenders: connectedOnes };
  const running = runControllers([scheduler(options)], { client, signal, identity: "me", random: seeded(1) });
  return {
    client,
    async add(name: string, options?: PodOptions) {
      const { spec, metadata: { labels } } = pod(name, options);
      await client.create(Pod, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace: "default", labels },
        spec,
      });
    },
    async until(name: string, test: (pod: Stored<IPod>) => boolean) {
      const { promise, resolve } = Promise.withResolvers<Stored<IPod>>();
      using _handler = running.informers.of(Pod).onChange(({ object }) =>
        object.metadata.name === name && test(object) && resolve(object)
      );
      return await promise;
    },
    async [Symbol.asyncDispose]() {
      await running.stop();
      await server[Symbol.asyncDispose]();
    },
  };
}

const isBound = ({ spec }: Stored<IPod>) => spec?.nodeName !== undefined;
const refusal = ({ status }: Stored<IPod>) =>
  status?.conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");

Deno.test("an extender's no and its points decide beside the scheduler's own", async () => {
  await using outside = await extender({
    filter: () => ({ NodeNames: ["b", "c"], FailedNodes: { a: "a is not for this pod" } }),
    // As programs in other languages write it.
    prioritize: () => [{ host: "b", score: 1 }, { host: "c", score: 10 }],
  });
  const verbs = { filterVerb: "filter", prioritizeVerb: "prioritize", weight: 5, nodeCacheCapable: true };
  await using cluster = await world([{ urlPrefix: outside.url, ...verbs }], [["a"], ["b"], ["c"]]);
  await cluster.add("p");
  assert.equal((await cluster.until("p", isBound)).spec?.nodeName, "c");
  assert.deepEqual(outside.asked.map(([verb]) => verb), ["filter", "prioritize"]);
  const [, { Pod: told, NodeNames: names, Nodes: nodes }] = outside.asked[0]!;
  assert.equal((told as { metadata: { name: string } }).metadata.name, "p");
  assert.deepEqual([(names as string[]).toSorted(), nodes], [["a", "b", "c"], null]);
});

Deno.test("a pod that extenders leave no node says why; who fails fails the pod, unless it is ignorable", async () => {
  await using outside = await extender({
    filter: ({ Nodes }: { Nodes: { items: { metadata: { name: string } }[] } }) => ({
      Nodes: { items: [] },
      FailedNodes: Object.fromEntries(Nodes.items.map(({ metadata }) => [metadata.name, "no licence"])),
    }),
  });
  const licences = { managedResources: [{ name: "example.com/licence", ignoredByScheduler: true }] };
  const strict = { urlPrefix: outside.url, filterVerb: "filter", ...licences };
  const broken = { urlPrefix: outside.url, filterVerb: "broken", managedResources: [{ name: "example.com/broken" }] };
  const ignored = { urlPrefix: outside.url, filterVerb: "broken", ignorable: true };
  await using cluster = await world([strict, broken, ignored], [["a", { allocatable: { "example.com/broken": "9" } }]]);
  await cluster.add("free");
  await cluster.until("free", isBound);
  const limited = (name: string) => ({
    spec: {
      containers: [{ name: "c", image: "i", resources: { limits: { [name]: "1" }, requests: { [name]: "1" } } }],
    },
  });
  await cluster.add("licensed", limited("example.com/licence"));
  const licensed = refusal(await cluster.until("licensed", (pod) => refusal(pod) !== undefined));
  assert.equal(
    licensed?.message,
    "0/1 nodes are available: 1 no licence. no new claims to deallocate, preemption: 0/1 nodes are available: " +
      "1 No preemption victims found for incoming pod.",
  );
  await cluster.add("hit", limited("example.com/broken"));
  const hit = refusal(await cluster.until("hit", (pod) => refusal(pod) !== undefined));
  assert.equal(hit?.reason, "SchedulerError");
  assert.match(hit!.message!, /^Post "http:.*\/ext\/broken": status 500$/);
});

Deno.test("an extender chooses among preemptions, and binds in the scheduler's place", async () => {
  const bound = Promise.withResolvers<Asked>();
  await using outside = await extender({
    preempt: ({ NodeNameToMetaVictims: { b } }: { NodeNameToMetaVictims: Record<string, Json> }) => ({
      NodeNameToMetaVictims: { b },
    }),
    bind: (body) => {
      bound.resolve(body as Asked);
      return {};
    },
  });
  const verbs = { preemptVerb: "preempt", bindVerb: "bind", nodeCacheCapable: true };
  const managed = { managedResources: [{ name: "example.com/mine", ignoredByScheduler: true }] };
  const full = { cpu: "1" };
  const allocatable = { allocatable: full };
  await using cluster = await world([{ urlPrefix: outside.url, ...verbs, ...managed }], [["a", allocatable], [
    "b",
    allocatable,
  ]]);
  for (const name of ["x", "y"]) await cluster.add(name, { requests: full });
  const victims = await Promise.all(["x", "y"].map((name) => cluster.until(name, isBound)));
  const requests = { cpu: "1", "example.com/mine": "1" };
  const important = { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", metadata: { name: "high" }, value: 9 };
  await cluster.client.create(PriorityClass, important as IPriorityClass);
  const spec = {
    priorityClassName: "high",
    containers: [{ name: "c", image: "i", resources: { requests, limits: requests } }],
  };
  await cluster.add("p", { spec });
  const promised = await cluster.until("p", ({ status }) => status?.nominatedNodeName !== undefined);
  assert.equal(promised.status?.nominatedNodeName, "b");
  const gone = victims.find(({ spec }) => spec?.nodeName === "b")!;
  await cluster.client.delete(Pod, { name: gone.metadata.name, namespace: "default" }, { gracePeriodSeconds: 0 })
    .catch(() => {});
  const { PodName, Node: on } = await bound.promise;
  assert.deepEqual([PodName, on], ["p", "b"]);
});

Deno.test("over TLS an extender is believed by its authority alone, and sees the scheduler's certificate", async () => {
  await using server = await apiServer();
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const ask = async (tlsConfig: Record<string, Json> = {}, enableHTTPS = true) => {
    const { extenders: [document] } = schedulerConfiguration({
      apiVersion: "kubescheduler.config.k8s.io/v1",
      kind: "KubeSchedulerConfiguration",
      extenders: [{ urlPrefix: server.url, filterVerb: "filter", enableHTTPS, tlsConfig }],
    });
    const { post } = await connected(document!);
    return await post(server.url + path, review) as { status: { userInfo: { username: string } } };
  };
  const caData = btoa(server.ca);
  const certificate = { certData: btoa(server.admin.cert), keyData: btoa(server.admin.key) };
  const { username } = (await ask({ caData, ...certificate })).status.userInfo;
  assert.ok(!username.startsWith("system:anonymous"), username);
  assert.equal((await ask({ insecure: true, ...certificate })).status.userInfo.username, username);
  await assert.rejects(ask(certificate, false), /^Error: Post "https:.*"/);
});
