/** Claims of the default class, from the first pod to the folder that is gone. The node is played: pods do not run. */
import assert from "node:assert/strict";
import {
  claimProtection,
  localProvisioner,
  localReclaim,
  persistentVolumeClaims,
  persistentVolumes,
  scheduler,
  volumeProtection,
} from "../../controllers/mod.ts";
import { localFolders } from "../../controllers/local_provisioner/folders.ts";
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

const claimRef = { namespace: "data", name: "disk" };

async function begin(cluster: TestCluster): Promise<string> {
  const { client, folder } = cluster;
  const volumes = `${folder}/volumes`;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  await client.create(ServiceAccount, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: "data" },
  });
  await client.create(StorageClass, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "local", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "local.d8s.io",
    volumeBindingMode: "WaitForFirstConsumer",
    allowVolumeExpansion: true,
  });
  for (const name of ["one", "two"]) await createNode(cluster, name, volumes);
  cluster.run([
    ...[persistentVolumes, persistentVolumeClaims, claimProtection, volumeProtection, localProvisioner, localReclaim],
    ...[scheduler(), localFolders({ nodeName: "two", folder: volumes })],
  ]);
  return volumes;
}

async function createNode({ client }: TestCluster, name: string, folder: string): Promise<void> {
  const amounts = { cpu: "4", memory: "8Gi", pods: "110" };
  await client.create(Node, {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      labels: { "kubernetes.io/hostname": name },
      annotations: { "local.d8s.io/folder": folder },
    },
  });
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { allocatable: amounts, capacity: amounts, conditions };
  await client.patch(Node, { name }, { type: "merge", body: { status } }, { subresource: "status" });
  // The taint that a new node has until it is ready.
  await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
}

async function createClaim({ client }: TestCluster): Promise<void> {
  await client.create(PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: claimRef,
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  });
}

async function createPod({ client }: TestCluster, name: string, node?: string): Promise<void> {
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "data" },
    spec: {
      containers: [{ name: "main", image: "x" }],
      nodeSelector: node ? { "kubernetes.io/hostname": node } : undefined,
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }],
    },
  });
}

Deno.test("a claim waits for its first pod, gets a folder of that pod's node, and later pods follow it there", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const volumes = await begin(cluster);
  await createClaim(cluster);
  const pending = await until(PersistentVolumeClaim, claimRef, (claim) => claim?.status?.phase === "Pending");
  assert.equal(pending?.spec?.storageClassName, "local");
  assert.equal((await client.list(PersistentVolume)).items.length, 0);
  await createPod(cluster, "first", "two");
  await until(Pod, { namespace: "data", name: "first" }, (pod) => pod?.spec?.nodeName === "two");
  const claim = await until(PersistentVolumeClaim, claimRef, (claim) => claim?.status?.phase === "Bound");
  const name = claim!.spec!.volumeName!;
  const volume = await until(PersistentVolume, { name }, (volume) => volume?.status?.phase === "Bound");
  assert.equal(volume?.spec?.local?.path, `${volumes}/${name}`);
  for (const next of ["second", "third", "fourth"]) {
    await createPod(cluster, next);
    await until(Pod, { namespace: "data", name: next }, (pod) => pod?.spec?.nodeName === "two");
  }
  await createPod(cluster, "elsewhere", "one");
  const refused = await until(
    Pod,
    { namespace: "data", name: "elsewhere" },
    (pod) => pod?.status?.conditions?.some(({ reason }) => reason === "Unschedulable") ?? false,
  );
  const message = refused?.status?.conditions?.find(({ type }) => type === "PodScheduled")?.message ?? "";
  assert.match(message, /1 node\(s\) didn't match PersistentVolume's node affinity/);
});

Deno.test("a claim grows where its class lets it, and its folder goes when the claim does, not before its pod", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const volumes = await begin(cluster);
  await createClaim(cluster);
  await createPod(cluster, "user", "two");
  const bound = await until(PersistentVolumeClaim, claimRef, (claim) => claim?.status?.phase === "Bound");
  const name = bound!.spec!.volumeName!;
  await Deno.mkdir(`${volumes}/${name}`, { recursive: true });
  await Deno.writeTextFile(`${volumes}/${name}/file`, "kept");
  const body = { spec: { resources: { requests: { storage: "2Gi" } } } };
  await client.patch(PersistentVolumeClaim, claimRef, { type: "merge", body });
  await until(PersistentVolumeClaim, claimRef, (claim) => claim?.status?.capacity?.storage === "2Gi");
  assert.equal((await client.get(PersistentVolume, { name }))?.spec?.capacity?.storage, "2Gi");
  await client.delete(PersistentVolumeClaim, claimRef);
  assert.equal(await Deno.readTextFile(`${volumes}/${name}/file`), "kept");
  await client.delete(Pod, { namespace: "data", name: "user" }, { gracePeriodSeconds: 0 });
  await until(PersistentVolumeClaim, claimRef, (claim) => claim === undefined);
  await until(PersistentVolume, { name }, (volume) => volume === undefined);
  await assert.rejects(Deno.stat(`${volumes}/${name}`), Deno.errors.NotFound);
});
