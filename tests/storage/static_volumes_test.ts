/** Volumes that people made, each on a node of its own, and pods that come all at once. */
import assert from "node:assert/strict";
import { persistentVolumeClaims, persistentVolumes, scheduler } from "../../controllers/mod.ts";
import {
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  ServiceAccount,
  StorageClass,
} from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../controllers/cluster.ts";

const count = 6;
const names = Array.from({ length: count }, (_, index) => `n${index}`);

async function prepare({ client }: TestCluster): Promise<void> {
  const metadata = { name: "default", namespace: "data" };
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  await client.create(StorageClass, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "disks" },
    provisioner: "kubernetes.io/no-provisioner",
    volumeBindingMode: "WaitForFirstConsumer",
  });
  const amounts = { cpu: "4", memory: "8Gi", pods: "110" };
  for (const name of names) {
    const labels = { "kubernetes.io/hostname": name };
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    const body = { status: { allocatable: amounts, capacity: amounts } };
    await client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" });
    await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
    const values = [name];
    const matchExpressions = [{ key: "kubernetes.io/hostname", operator: "In" as const, values }];
    await client.create(PersistentVolume, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: `disk-${name}` },
      spec: {
        accessModes: ["ReadWriteOnce"],
        capacity: { storage: "1Gi" },
        local: { path: "/disk" },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } },
        storageClassName: "disks",
      },
    });
  }
}

Deno.test("pods that come at once each get a volume of their own, on the node where it is; one too many waits", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await prepare(cluster);
  cluster.run([persistentVolumes, persistentVolumeClaims, scheduler()]);
  const pods = Array.from({ length: count + 1 }, (_, index) => `p${index}`);
  await Promise.all(pods.map(async (name) => {
    await client.create(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name, namespace: "data" },
      spec: {
        accessModes: ["ReadWriteOnce"],
        storageClassName: "disks",
        resources: { requests: { storage: "1Gi" } },
      },
    });
    await client.create(Pod, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "data" },
      spec: {
        containers: [{ name: "main", image: "x" }],
        volumes: [{ name: "disk", persistentVolumeClaim: { claimName: name } }],
      },
    });
  }));
  const placed = new Map<string, string>();
  for await (const event of client.watch(Pod, { namespace: "data", signal: AbortSignal.timeout(20_000) })) {
    if (event.type !== "BOOKMARK" && event.object.spec?.nodeName) {
      placed.set(event.object.metadata.name, event.object.spec.nodeName);
    }
    if (placed.size === count) break;
  }
  assert.deepEqual([...placed.values()].sort(), names);
  const left = pods.find((name) => !placed.has(name))!;
  const words = /didn't find available persistent volumes to bind/;
  await until(
    Pod,
    { namespace: "data", name: left },
    (pod) => pod?.status?.conditions?.some(({ message }) => words.test(message ?? "")) ?? false,
  );
  for (const [name, node] of placed) {
    const claim = await client.get(PersistentVolumeClaim, { namespace: "data", name });
    assert.equal(claim?.spec?.volumeName, `disk-${node}`);
  }
});
