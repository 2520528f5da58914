import assert from "node:assert/strict";
import fc from "fast-check";
import { deployments, disruptions, replicaSets, serviceAccounts } from "../../controllers/mod.ts";
import { budgetStatus, type BudgetWorld, disruptedOf } from "../../controllers/disruption/plan.ts";
import {
  CustomResourceDefinition,
  Deployment,
  kind,
  type KubeObject,
  Namespace,
  Pod,
  PodDisruptionBudget,
  ServiceAccount,
  type Stored,
} from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";
import { podPlayer } from "./pod_player.ts";
import { samplePod, startMs } from "./sample.ts";

const share = fc.oneof(fc.nat(12), fc.nat(120).map((percent) => `${percent}%`));

function worldOf(spec: object, ready: readonly boolean[], wanted: number, disrupted: Record<string, string> = {}) {
  const pods = ready.map((one, index) => samplePod(`p${index}`, { ready: one }));
  const metadata = { name: "b", namespace: "default", uid: "b", resourceVersion: "1", creationTimestamp: "" };
  const budget = {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata,
    spec,
    status: { disruptedPods: disrupted },
  };
  return { budget, pods, expected: wanted, now: startMs } as unknown as BudgetWorld;
}

Deno.test("what a budget allows to go leaves what it asks for, as counted one by one", () => {
  fc.assert(fc.property(
    fc.constantFrom("minAvailable", "maxUnavailable"),
    share,
    fc.array(fc.boolean(), { maxLength: 10 }),
    fc.nat(10),
    (field, value, ready, wanted) => {
      const { disruptionsAllowed = 0, currentHealthy = 0 } = budgetStatus(
        worldOf({ [field]: value }, ready, wanted),
        {},
      );
      const number = (total: number) => typeof value === "number" ? value : Math.ceil(parseInt(value) * total / 100);
      const needed = field === "minAvailable" ? number(wanted) : wanted - number(wanted);
      const healthy = ready.filter(Boolean).length;
      let naive = 0;
      while (healthy - naive - 1 >= Math.max(0, needed) && healthy - naive > 0) naive++;
      const nobody = field === "minAvailable" && typeof value === "number" ? ready.length === 0 : wanted === 0;
      assert.equal(disruptionsAllowed, nobody ? 0 : naive);
      assert.equal(currentHealthy, healthy);
    },
  ));
});

Deno.test("an eviction that was allowed counts until the pod goes, and is forgotten after two minutes", () => {
  const at = (ms: number) => new Date(startMs - ms).toISOString();
  const world = worldOf({ minAvailable: 1 }, [true, true, true], 3, { p0: at(1000), p1: at(130_000), gone: at(0) });
  const { disrupted, waitMs } = disruptedOf(world);
  assert.deepEqual(Object.keys(disrupted), ["p0"]);
  assert.equal(waitMs, 119_000);
  assert.equal(budgetStatus(world, disrupted).disruptionsAllowed, 1);
});

Deno.test("a Deployment's budget follows its pods and its scale", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, deployments, replicaSets, disruptions, podPlayer()]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "calm" } });
  await until(ServiceAccount, { namespace: "calm", name: "default" }, (account) => account !== undefined);
  const web = { namespace: "calm", name: "web" };
  const selector = { matchLabels: { app: "web" } };
  await client.create(PodDisruptionBudget, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: web,
    spec: { maxUnavailable: "30%", selector },
  });
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "one" }] } };
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: web,
    spec: { replicas: 4, selector, template },
  });
  const allowed = (count: number, expected: number) =>
    until(PodDisruptionBudget, web, (budget) => {
      return budget?.status?.disruptionsAllowed === count && budget.status.expectedPods === expected;
    });
  const budget = await allowed(2, 4);
  assert.equal(budget?.status?.conditions?.[0]?.reason, "SufficientPods");
  await client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 10 } } });
  await allowed(3, 10);
});

Deno.test("a budget counts what a custom owner's scale wants, and says when an owner cannot be scaled", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, disruptions, podPlayer()]);
  const define = async (name: string, subresources: object) => {
    const plural = `${name.toLowerCase()}s`;
    const specSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await client.create(CustomResourceDefinition, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: `${plural}.example.com` },
      spec: {
        group: "example.com",
        names: { kind: name, plural },
        scope: "Namespaced",
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: specSchema }, subresources }],
      },
    });
    await until(
      CustomResourceDefinition,
      { name: `${plural}.example.com` },
      (one) =>
        one?.status?.conditions?.some(({ type, status }) => type === "Established" && status === "True") ?? false,
    );
    const owner: Stored<KubeObject> = await client.create(kind<KubeObject>("example.com/v1", name, plural, true), {
      apiVersion: "example.com/v1",
      kind: name,
      metadata: { name: "big", namespace: "default" },
      spec: { replicas: 7 },
    });
    return { apiVersion: "example.com/v1", kind: name, name: "big", uid: owner.metadata.uid, controller: true };
  };
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  const guarded = async (app: string, owner: Awaited<ReturnType<typeof define>>) => {
    const ref = { namespace: "default", name: app };
    const spec = { maxUnavailable: 3, selector: { matchLabels: { app } } };
    await until(ServiceAccount, { namespace: "default", name: "default" }, (account) => account !== undefined);
    await client.create(PodDisruptionBudget, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: ref,
      spec,
    });
    const metadata = { ...ref, labels: { app }, ownerReferences: [owner] };
    await client.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata,
      spec: { containers: [{ name: "main", image: "x" }] },
    });
    return await until(PodDisruptionBudget, ref, (budget) => {
      return budget?.status?.expectedPods === 7 || budget?.status?.conditions?.[0]?.reason === "SyncFailed";
    });
  };
  const counted = await guarded("scaled", await define("Crowd", { scale }));
  assert.deepEqual([counted?.status?.expectedPods, counted?.status?.desiredHealthy], [7, 4]);
  const failed = await guarded("solid", await define("Rock", {}));
  assert.equal(failed?.status?.conditions?.[0]?.message, "Rock does not implement the scale subresource");
});
