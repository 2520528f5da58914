import assert from "node:assert/strict";
import { nodeLifecycle, podGc, serviceAccounts, taintEviction } from "../../controllers/mod.ts";
import { Lease, Namespace, Node, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { runControllers } from "../../runtime/loop/mod.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { testCluster } from "./cluster.ts";

Deno.test("a node that falls silent is unknown after 40 s, its pods are not ready, and leave when they no longer tolerate it", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts]);
  const clock = new VirtualClock(Date.now());
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "work" } });
  await until(ServiceAccount, { namespace: "work", name: "default" }, (account) => account !== undefined);
  const renewTime = "2026-01-01T00:00:00.000000Z";
  await client.create(Lease, {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "n", namespace: "kube-node-lease" },
    spec: { holderIdentity: "n", leaseDurationSeconds: 40, renewTime },
  });
  const node = await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  const ready = { type: "Ready", status: "True", reason: "KubeletReady" };
  await client.update(Node, { ...node, status: { ...node.status, conditions: [ready] } }, { subresource: "status" });
  // Another that stays well: where nobody answers, the master takes itself for the one that is cut off.
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "other" } });
  const beat = async () => {
    const conditions = [{ ...ready, lastHeartbeatTime: new Date(clock.now()).toISOString().slice(0, 19) + "Z" }];
    const node = (await client.get(Node, { name: "other" }))!;
    await client.update(Node, { ...node, status: { ...node.status, conditions } }, { subresource: "status" });
    await until(Node, { name: "other" }, (seen) => seen?.status?.conditions?.[0]?.status === "True");
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 20_000) {
      await beat();
      await clock.advance(Math.min(left, 20_000));
    }
  };
  await beat();
  const tolerations = ["not-ready", "unreachable"].map((key) => ({
    key: `node.kubernetes.io/${key}`,
    operator: "Exists" as const,
    effect: "NoExecute" as const,
    tolerationSeconds: 300,
  }));
  const pod = await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "work" },
    spec: { nodeName: "n", tolerations, containers: [{ name: "main", image: "x" }] },
  });
  const status = { ...pod.status, phase: "Running" as const, conditions: [{ type: "Ready", status: "True" }] };
  await client.update(Pod, { ...pod, status }, { subresource: "status" });
  const stopping = new AbortController();
  await using running = runControllers([nodeLifecycle(), taintEviction, podGc()], {
    client,
    clock,
    signal: stopping.signal,
    identity: "t",
  });
  const conditionOf = (object: { status?: { conditions?: { type: string; status: string }[] } } | undefined) =>
    object?.status?.conditions?.find(({ type }) => type === "Ready")?.status;

  await until(
    Node,
    { name: "n" },
    (node) =>
      node !== undefined && (node.spec?.taints ?? []).every(({ key }) => key !== "node.kubernetes.io/not-ready"),
  );
  await pass(39_000);
  assert.equal(conditionOf(await client.get(Node, { name: "n" })), "True");
  await pass(2_000);
  const silent = await until(Node, { name: "n" }, (node) => node?.spec?.taints?.length === 2);
  assert.equal(conditionOf(silent), "Unknown");
  assert.deepEqual(silent?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`).sort(), [
    "node.kubernetes.io/unreachable:NoExecute",
    "node.kubernetes.io/unreachable:NoSchedule",
  ]);
  await until(Pod, { namespace: "work", name: "web" }, (pod) => conditionOf(pod) === "False");
  await pass(290_000);
  assert.equal((await client.get(Pod, { namespace: "work", name: "web" }))?.metadata.deletionTimestamp, undefined);
  await pass(20_000);
  const going = await until(
    Pod,
    { namespace: "work", name: "web" },
    (pod) => pod === undefined || pod.metadata.deletionTimestamp !== undefined,
  );
  assert.equal(
    going?.status?.conditions?.find(({ type }) => type === "DisruptionTarget")?.reason,
    "DeletionByTaintManager",
  );

  await client.delete(Node, { name: "n" });
  await until(Node, { name: "n" }, (node) => node === undefined);
  await clock.advance(1_000);
  await clock.advance(41_000);
  await until(Pod, { namespace: "work", name: "web" }, (pod) => pod === undefined);
  assert.ok(running);
});
