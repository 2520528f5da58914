import assert from "node:assert/strict";
import { usageOf } from "../../runtime/api/admission/quota/usage.ts";
import { openEtcdStore } from "../../runtime/store/mod.ts";
import { type ApiWorld, apiWorld, apiWorldOn } from "../api/api_world.ts";
import { startEtcd } from "../support/etcd.ts";

const base = "/api/v1/namespaces/default";
const hard = (spec: Record<string, string>, more: object = {}) => ({
  metadata: { name: "q" },
  spec: { hard: spec, ...more },
});
const map = (name: string) => ({ metadata: { name }, data: {} });

async function podsMayRun(world: ApiWorld) {
  const answer = await world.call("POST", `${base}/serviceaccounts`, { metadata: { name: "default" } });
  assert.equal(answer.status, 201);
}

function pod(name: string, requests?: Record<string, string>, more: object = {}) {
  return { metadata: { name }, spec: { containers: [{ name: "c", image: "i", resources: { requests } }], ...more } };
}

Deno.test("of 64 racing creates exactly as many succeed as the quota allows", async () => {
  await using world = await apiWorld();
  await world.call("POST", `${base}/resourcequotas`, hard({ "count/configmaps": "10" }));
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, i) => world.call("POST", `${base}/configmaps`, map(`m${i}`))),
  );
  assert.equal(answers.filter(({ status }) => status === 201).length, 10);
  const refused = answers.filter(({ status }) => status === 403);
  assert.equal(refused.length, 54);
  assert.match(
    refused[0]!.body.message,
    /^configmaps "m\d+" is forbidden: exceeded quota: q, requested: count\/configmaps=1, used: count\/configmaps=10, /,
  );
  await world.call("DELETE", `${base}/configmaps/${answers.find(({ status }) => status === 201)!.body.metadata.name}`);
  assert.equal((await world.call("POST", `${base}/configmaps`, map("again"))).status, 201);
});

Deno.test("two API servers on one etcd together admit as many of 64 racing creates as the quotas allow", async () => {
  await using etcd = await startEtcd();
  await using first = await apiWorldOn(await openEtcdStore({ endpoints: [etcd.endpoint] }));
  await using second = await apiWorldOn(await openEtcdStore({ endpoints: [etcd.endpoint] }));
  const limits = (name: string, most: string) => ({ metadata: { name }, spec: { hard: { configmaps: most } } });
  await first.call("POST", `${base}/resourcequotas`, limits("narrow", "10"));
  await first.call("POST", `${base}/resourcequotas`, limits("a-wide-one", "40"));
  // A consistent read: from now on the second knows both.
  assert.equal((await second.call("GET", `${base}/resourcequotas`)).body.items.length, 2);
  const create = (i: number) => (i % 2 ? first : second).call("POST", `${base}/configmaps`, map(`m${i}`));
  const answers = await Promise.all(Array.from({ length: 64 }, (_, i) => create(i)));
  const made = answers.filter(({ status }) => status === 201);
  assert.equal(made.length, 10);
  assert.ok(answers.every(({ status }) => status === 201 || status === 403));
  const used = async (world: ApiWorld) => {
    const { items } = (await world.call("GET", `${base}/resourcequotas`)).body;
    return items.map(({ status }: { status: { used: { configmaps: string } } }) => status.used.configmaps);
  };
  assert.deepEqual(await used(first), ["10", "10"]);
  await first.call("DELETE", `${base}/configmaps/${made[0]!.body.metadata.name}`);
  assert.deepEqual(await used(second), ["9", "9"]);
  assert.equal((await second.call("POST", `${base}/configmaps`, map("again"))).status, 201);
  assert.equal((await first.call("POST", `${base}/configmaps`, map("more"))).status, 403);
});

Deno.test("what a finalizer held is free when the last one is gone", async () => {
  await using world = await apiWorld();
  await world.call("POST", `${base}/resourcequotas`, hard({ configmaps: "1" }));
  await world.call("POST", `${base}/configmaps`, { metadata: { name: "held", finalizers: ["a.test/b"] } });
  await world.call("DELETE", `${base}/configmaps/held`);
  assert.equal((await world.call("POST", `${base}/configmaps`, map("a"))).status, 403);
  const patch = { "content-type": "application/merge-patch+json" };
  await world.call("PATCH", `${base}/configmaps/held`, { metadata: { finalizers: null } }, patch);
  assert.equal((await world.call("POST", `${base}/configmaps`, map("a"))).status, 201);
});

Deno.test("a write that fails gives its place back", async () => {
  await using world = await apiWorld();
  await world.call("POST", `${base}/resourcequotas`, hard({ configmaps: "2" }));
  await world.call("POST", `${base}/configmaps`, map("a"));
  assert.equal((await world.call("POST", `${base}/configmaps`, map("a"))).status, 409);
  assert.equal((await world.call("POST", `${base}/configmaps?dryRun=All`, map("b"))).status, 201);
  assert.equal((await world.call("POST", `${base}/configmaps`, map("b"))).status, 201);
  assert.equal((await world.call("POST", `${base}/configmaps`, map("c"))).status, 403);
});

Deno.test("pods must say what a quota counts, and are told what is too much", async () => {
  await using world = await apiWorld();
  await podsMayRun(world);
  await world.call("POST", `${base}/resourcequotas`, hard({ pods: "5", "requests.cpu": "1", "limits.memory": "1Gi" }));
  const silent = await world.call("POST", `${base}/pods`, pod("a", { cpu: "100m" }));
  assert.equal(silent.status, 403);
  assert.match(silent.body.message, /is forbidden: failed quota: q: must specify limits.memory for: c$/);
  const limits = { limits: { memory: "512Mi" }, requests: { cpu: "600m" } };
  const spec = { containers: [{ name: "c", image: "i", resources: limits }] };
  assert.equal((await world.call("POST", `${base}/pods`, { metadata: { name: "a" }, spec })).status, 201);
  const over = await world.call("POST", `${base}/pods`, { metadata: { name: "b" }, spec });
  const words = "exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, limited: requests.cpu=1";
  assert.equal(over.body.message, `pods "b" is forbidden: ${words}`);
});

Deno.test("a quota with scopes counts only pods in all of them", async () => {
  await using world = await apiWorld();
  await podsMayRun(world);
  await world.call("POST", `${base}/resourcequotas`, hard({ pods: "1" }, { scopes: ["BestEffort", "NotTerminating"] }));
  const create = async (object: object) => (await world.call("POST", `${base}/pods`, object)).status;
  assert.equal(await create(pod("a")), 201);
  assert.equal(await create(pod("b")), 403);
  assert.equal(await create(pod("c", { cpu: "1m" })), 201);
  assert.equal(await create(pod("d", undefined, { activeDeadlineSeconds: 60 })), 201);
});

Deno.test("what is over uses its place in the store and nothing else", () => {
  const ended = { ...pod("a", { cpu: "1" }), status: { phase: "Succeeded" } };
  assert.deepEqual([...usageOf({ group: "", plural: "pods" }, ended).keys()], ["count/pods"]);
});
