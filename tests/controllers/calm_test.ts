import assert from "node:assert/strict";
import { deployments, replicaSets, serviceAccounts } from "../../controllers/mod.ts";
import { Deployment, Namespace, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { loggingClient, type WriteLog } from "./dying_client.ts";
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

function settled(cluster: TestCluster, namespace: string) {
  return cluster.until(Deployment, { namespace, name: "web" }, (deployment) => {
    const { updatedReplicas, availableReplicas, replicas, observedGeneration } = deployment?.status ?? {};
    const counts = [updatedReplicas, availableReplicas, replicas];
    return counts.every((count) => count === 3) && observedGeneration === deployment?.metadata.generation;
  });
}

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
