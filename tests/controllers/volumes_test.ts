import assert from "node:assert/strict";
import fc from "fast-check";
import {
  claimProtection,
  persistentVolumeClaims,
  persistentVolumes,
  serviceAccounts,
  volumeProtection,
} from "../../controllers/mod.ts";
import { chooseVolume } from "../../controllers/persistent_volume/plan.ts";
import { Namespace, PersistentVolume, PersistentVolumeClaim, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";

const size = fc.integer({ min: 1, max: 4 });
const modes = fc.subarray(["ReadWriteOnce" as const, "ReadOnlyMany" as const], { minLength: 1 });
const storageClassName = fc.constantFrom("", "fast");

Deno.test("a claim gets the smallest volume that has all it asks for, as by trying every one", () => {
  const volumes = fc.array(
    fc.record({ size, modes, storageClassName, taken: fc.boolean() }),
    { maxLength: 8 },
  ).map((all) =>
    all.map(({ size, modes, storageClassName, taken }, index) => ({
      metadata: { name: `v${index}`, uid: `v${index}`, resourceVersion: "1", creationTimestamp: "" },
      spec: {
        capacity: { storage: `${size}Gi` },
        accessModes: modes,
        storageClassName,
        ...(taken ? { claimRef: { name: "other", namespace: "n", uid: "o" } } : {}),
      },
      status: { phase: taken ? "Bound" as const : "Available" as const },
    }))
  );
  fc.assert(fc.property(volumes, size, modes, storageClassName, (all, wanted, accessModes, storageClassName) => {
    const claim = {
      metadata: { name: "c", namespace: "n", uid: "c", resourceVersion: "1", creationTimestamp: "" },
      spec: { accessModes, storageClassName, resources: { requests: { storage: `${wanted}Gi` } } },
    };
    const gigas = ({ spec }: typeof all[number]) => parseInt(spec.capacity.storage);
    const naive = all.filter((volume) =>
      volume.status.phase === "Available" && gigas(volume) >= wanted &&
      volume.spec.storageClassName === storageClassName &&
      accessModes.every((mode) => volume.spec.accessModes.includes(mode))
    );
    const chosen = chooseVolume(claim as never, all as never) as unknown as typeof all[number] | undefined;
    assert.equal(chosen !== undefined, naive.length > 0);
    if (chosen) assert.equal(gigas(chosen), Math.min(...naive.map(gigas)));
    if (chosen) assert.ok(naive.includes(chosen));
  }));
});

async function createVolume({ client }: TestCluster, name: string, storage = "1Gi"): Promise<void> {
  await client.create(PersistentVolume, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name, labels: { name } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage },
      hostPath: { path: "/tmp/none" },
      persistentVolumeReclaimPolicy: "Retain",
    },
  });
}

async function createClaim({ client }: TestCluster, name: string, volume: string): Promise<void> {
  await client.create(PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "data" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "",
      selector: { matchLabels: { name: volume } },
      resources: { requests: { storage: "1Gi" } },
    },
  });
}

const phase = ({ until }: TestCluster, name: string, wanted: string) =>
  until(PersistentVolume, { name }, (volume) => volume?.status?.phase === wanted);

const bound = ({ until }: TestCluster, name: string) =>
  until(PersistentVolumeClaim, { namespace: "data", name }, (claim) => claim?.status?.phase === "Bound");

Deno.test("a claim binds, stays while a pod uses it, and its volume is released when it goes", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, persistentVolumes, persistentVolumeClaims, claimProtection, volumeProtection]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  await createClaim(cluster, "disk", "one");
  await until(
    PersistentVolumeClaim,
    { namespace: "data", name: "disk" },
    (claim) => claim?.status?.phase === "Pending",
  );
  await createVolume(cluster, "one");
  const claim = await bound(cluster, "disk");
  assert.equal(claim?.spec?.volumeName, "one");
  assert.equal(claim?.status?.capacity?.storage, "1Gi");
  await phase(cluster, "one", "Bound");
  await until(ServiceAccount, { namespace: "data", name: "default" }, (account) => account !== undefined);
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "user", namespace: "data" },
    spec: {
      nodeName: "somewhere",
      containers: [{ name: "main", image: "x" }],
      volumes: [{ name: "disk", persistentVolumeClaim: { claimName: "disk" } }],
    },
  });
  await client.delete(PersistentVolumeClaim, { namespace: "data", name: "disk" });
  await client.delete(PersistentVolume, { name: "one" });
  assert.ok((await client.get(PersistentVolumeClaim, { namespace: "data", name: "disk" }))?.metadata.deletionTimestamp);
  await client.delete(Pod, { namespace: "data", name: "user" }, { gracePeriodSeconds: 0 });
  await until(PersistentVolumeClaim, { namespace: "data", name: "disk" }, (claim) => claim === undefined);
  await until(PersistentVolume, { name: "one" }, (volume) => volume === undefined);
});
