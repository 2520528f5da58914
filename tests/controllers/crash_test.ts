import assert from "node:assert/strict";
import { deployments, replicaSets, serviceAccounts } from "../../controllers/mod.ts";
import { Deployment, Namespace, Pod, ReplicaSet, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { type Death, dyingClient, loggingClient, type WriteLog } from "./dying_client.ts";
import { podPlayer } from "./pod_player.ts";

async function createDeployment({ client, until }: TestCluster, namespace: string, image: string): Promise<void> {
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await until(ServiceAccount, { namespace, name: "default" }, (account) => account !== undefined);
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image }] } },
    },
  });
}

/** Runs the loops until they die, or until the end state when they would have written less. */
async function runUntilDeath(
  cluster: TestCluster,
  { namespace, death, log }: { namespace: string; death: Death; log: WriteLog },
) {
  const died = Promise.withResolvers<void>();
  const client = dyingClient(cluster.client, death, { log, die: died.resolve });
  const running = cluster.run([deployments, replicaSets], client);
  await Promise.race([died.promise, settled(cluster, namespace)]);
  await running.stop();
}

function settled(cluster: TestCluster, namespace: string) {
  return cluster.until(Deployment, { namespace, name: "web" }, (deployment) => {
    const { updatedReplicas, availableReplicas, replicas, observedGeneration } = deployment?.status ?? {};
    const counts = [updatedReplicas, availableReplicas, replicas];
    return counts.every((count) => count === 3) && observedGeneration === deployment?.metadata.generation;
  });
}

const deaths: Death[] = (["before", "after"] as const).flatMap((when) =>
  Array.from({ length: 9 }, (_, index) => ({ atWrite: index + 1, when }))
);

Deno.test("killed before or after any of its writes, a Deployment ends the same and no pod is made twice", async () => {
  await using cluster = await testCluster();
  cluster.run([podPlayer(), serviceAccounts]);
  for (const death of deaths) {
    const namespace = `at-${death.atWrite}-${death.when}`;
    await createDeployment(cluster, namespace, "one");
    const log: WriteLog = { done: [] };
    await runUntilDeath(cluster, { namespace, death, log });
    const running = cluster.run([deployments, replicaSets], loggingClient(cluster.client, log));
    await settled(cluster, namespace);
    await running.stop();
    const told = `${namespace}: ${log.done.join(", ")}`;
    assert.equal(log.done.filter((write) => write === "create Pod").length, 3, told);
    assert.equal(log.done.filter((write) => write === "create ReplicaSet").length, 1, told);
    assert.ok(!log.done.includes("delete Pod"), told);
  }
});

Deno.test("killed in the middle of a rolling update, the update ends, and the old ReplicaSet stays for an undo", async () => {
  await using cluster = await testCluster();
  cluster.run([podPlayer(), serviceAccounts]);
  for (const atWrite of [1, 2, 3, 5, 8, 13, 21]) {
    const namespace = `roll-${atWrite}`;
    await createDeployment(cluster, namespace, "one");
    const first = cluster.run([deployments, replicaSets]);
    await settled(cluster, namespace);
    await first.stop();
    const body = { spec: { template: { spec: { containers: [{ name: "main", image: "two" }] } } } };
    await cluster.client.patch(Deployment, { namespace, name: "web" }, { type: "strategic", body });
    const log: WriteLog = { done: [] };
    await runUntilDeath(cluster, { namespace, death: { atWrite, when: "after" }, log });
    const running = cluster.run([deployments, replicaSets]);
    await settled(cluster, namespace);
    await running.stop();
    const pods = (await cluster.client.list(Pod, { namespace })).items.filter(({ metadata }) =>
      !metadata.deletionTimestamp
    );
    assert.deepEqual(pods.map(({ spec }) => spec?.containers[0]?.image), ["two", "two", "two"]);
    const sets = (await cluster.client.list(ReplicaSet, { namespace })).items;
    assert.deepEqual(sets.map(({ spec }) => spec?.replicas).sort(), [0, 3]);
  }
});

Deno.test("loops that start on a cluster that is in line write nothing", async () => {
  await using cluster = await testCluster();
  cluster.run([podPlayer(), serviceAccounts]);
  await createDeployment(cluster, "calm", "one");
  const first = cluster.run([deployments, replicaSets]);
  await settled(cluster, "calm");
  await first.stop();
  const log: WriteLog = { done: [] };
  const second = cluster.run([deployments, replicaSets], loggingClient(cluster.client, log));
  await cluster.client.patch(Deployment, { namespace: "calm", name: "web" }, {
    type: "merge",
    body: { metadata: { labels: { a: "b" } } },
  });
  await cluster.client.patch(Deployment, { namespace: "calm", name: "web" }, {
    type: "merge",
    body: { spec: { replicas: 4 } },
  });
  await cluster.until(
    Deployment,
    { namespace: "calm", name: "web" },
    (deployment) => deployment?.status?.availableReplicas === 4,
  );
  await second.stop();
  assert.equal(log.done.filter((write) => write === "create Pod").length, 1, log.done.join());
  assert.ok(!log.done.includes("create ReplicaSet") && !log.done.includes("delete Pod"), log.done.join());
});
