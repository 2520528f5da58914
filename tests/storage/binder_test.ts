/** What the binder decides beside size and class, classes that come late, and classes of attributes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { planAttachments } from "../../controllers/attach_detach/plan.ts";
import { attributesClassProtection, persistentVolumeClaims, persistentVolumes } from "../../controllers/mod.ts";
import { chooseVolume } from "../../controllers/persistent_volume/plan.ts";
import {
  Namespace,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttributesClass,
} from "../../runtime/schema/mod.ts";
import { testCluster } from "../controllers/cluster.ts";

const stored = (name: string) => ({ name, uid: name, resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" });

Deno.test("a volume that a person has reserved goes to that claim alone, and never one of another mode, label or class", () => {
  const volume = fc.record({
    volumeMode: fc.constantFrom("Filesystem", "Block"),
    label: fc.constantFrom("a", "b"),
    volumeAttributesClassName: fc.constantFrom(undefined, "gold"),
    /** Nobody's, the claim's by name, the claim's by uid, a namesake's, another's. */
    reserved: fc.constantFrom(undefined, "c", "c uid", "c old", "d"),
    going: fc.boolean(),
  });
  const asked = fc.record({
    volumeMode: fc.constantFrom(undefined, "Filesystem", "Block"),
    label: fc.constantFrom(undefined, "a"),
    volumeAttributesClassName: fc.constantFrom(undefined, "gold"),
  });
  fc.assert(fc.property(fc.array(volume, { maxLength: 6 }), asked, (volumes, wanted) => {
    const all = volumes.map(({ reserved, going, label, ...spec }, index) => {
      const [name, uid] = reserved?.split(" ") ?? [];
      const claimRef = name && { namespace: "n", name, uid: uid === "uid" ? "c" : uid };
      return {
        metadata: { ...stored(`v${index}`), labels: { label }, ...(going && { deletionTimestamp: "now" }) },
        spec: {
          ...spec,
          accessModes: ["ReadWriteOnce"],
          capacity: { storage: "1Gi" },
          claimRef: claimRef || undefined,
        },
        status: { phase: claimRef && uid ? "Bound" : "Available" },
      };
    });
    const { label, ...spec } = wanted;
    const selector = label === undefined ? undefined : { matchLabels: { label } };
    const claim = {
      metadata: { ...stored("c"), namespace: "n" },
      spec: { ...spec, selector, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
    };
    const chosen = chooseVolume(claim as never, all as never)?.metadata.name;
    const fits = (index: number) =>
      volumes[index]!.volumeMode === (wanted.volumeMode ?? "Filesystem") &&
      volumes[index]!.volumeAttributesClassName === wanted.volumeAttributesClassName;
    const own = volumes.findIndex(({ reserved, going }) => (reserved === "c" || reserved === "c uid") && !going);
    const free = volumes.findIndex(({ reserved, going, label }, index) =>
      reserved === undefined && !going && fits(index) && (wanted.label === undefined || label === wanted.label)
    );
    const naive = own < 0 ? free : volumes[own]!.reserved === "c uid" || fits(own) ? own : -1;
    assert.equal(chosen, naive < 0 ? undefined : `v${naive}`);
  }));
});

Deno.test("attaching never gives a volume for one node a second, nor takes one away from a node that uses it", () => {
  const uniqueName = "kubernetes.io/csi/d^h";
  const nodeNames = ["n0", "n1", "n2"];
  const node = fc.record({
    wants: fc.boolean(),
    attachment: fc.constantFrom("none", "there", "going"),
    inUse: fc.boolean(),
    lost: fc.constantFrom("no", "just now", "long ago", "out of service"),
  });
  fc.assert(fc.property(fc.tuple(node, node, node), fc.boolean(), (nodes, shared) => {
    const now = Date.parse("2026-01-01T01:00:00Z");
    const attachments = nodes.flatMap(({ attachment }, index) =>
      attachment === "none" ? [] : [{
        metadata: { ...stored(`a${index}`), ...(attachment === "going" && { deletionTimestamp: "now" }) },
        spec: { nodeName: nodeNames[index]!, attacher: "d", source: { persistentVolumeName: "v" } },
      }]
    );
    const plan = planAttachments({
      volume: { spec: { accessModes: [shared ? "ReadWriteMany" : "ReadWriteOnce"] }, uniqueName },
      pods: nodes.flatMap(({ wants }, index) =>
        wants ? [{ metadata: stored(`p${index}`), spec: { nodeName: nodeNames[index] } } as never] : []
      ),
      attachments: attachments as never,
      node: (name) => {
        const { inUse, lost } = nodes[nodeNames.indexOf(name)]!;
        const lastTransitionTime = lost === "long ago" ? "2026-01-01T00:00:00Z" : "2026-01-01T00:59:00Z";
        const answers = lost === "no" || lost === "out of service";
        return {
          metadata: stored(name),
          spec: { taints: lost === "out of service" ? [{ key: "node.kubernetes.io/out-of-service" }] : [] },
          status: {
            volumesInUse: inUse ? [uniqueName] : [],
            conditions: [{ type: "Ready", status: answers ? "True" : "Unknown", lastTransitionTime }],
          },
        } as never;
      },
      now,
    });
    if (!shared) assert.ok(attachments.length + plan.attach.length <= 1 || plan.attach.length === 0);
    for (const [index, { wants, attachment, inUse, lost }] of nodes.entries()) {
      const detached = plan.detach.some(({ metadata }) => metadata.name === `a${index}`);
      const held = inUse && (lost === "no" || lost === "just now");
      assert.equal(detached, attachment === "there" && !wants && !held);
      const waits = plan.refused.some(({ pod }) => pod.metadata.name === `p${index}`);
      assert.equal(wants && attachment === "none", plan.attach.includes(nodeNames[index]!) || waits);
    }
  }));
});

Deno.test("a claim from before there was a default class gets it when it comes; one that wants none never does", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([persistentVolumes, persistentVolumeClaims]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  for (const [name, storageClassName] of [["late", undefined], ["none", ""]] as const) {
    await client.create(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { namespace: "data", name },
      spec: { accessModes: ["ReadWriteOnce"], storageClassName, resources: { requests: { storage: "1Gi" } } },
    });
    await until(PersistentVolumeClaim, { namespace: "data", name }, (claim) => claim?.status?.phase === "Pending");
  }
  await client.create(StorageClass, {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "driver.test",
  });
  const asked = await until(
    PersistentVolumeClaim,
    { namespace: "data", name: "late" },
    (claim) => claim?.metadata.annotations?.["volume.kubernetes.io/storage-provisioner"] === "driver.test",
  );
  assert.equal(asked?.spec?.storageClassName, "usual");
  assert.equal(
    (await client.get(PersistentVolumeClaim, { namespace: "data", name: "none" }))?.spec?.storageClassName,
    "",
  );
});

Deno.test("a class of attributes stays while a claim has it or moves to it; the claim's present one is what its volume has", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const ref = { namespace: "data", name: "disk" };
  cluster.run([persistentVolumes, persistentVolumeClaims, attributesClassProtection]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  for (const name of ["silver", "gold"]) {
    await client.create(VolumeAttributesClass, {
      apiVersion: "storage.k8s.io/v1",
      kind: "VolumeAttributesClass",
      metadata: { name },
      driverName: "driver.test",
      parameters: { iops: "1" },
    });
    await until(VolumeAttributesClass, { name }, (one) => one?.metadata.finalizers?.length === 1);
  }
  const spec = { accessModes: ["ReadWriteOnce" as const], storageClassName: "", volumeAttributesClassName: "silver" };
  const csi = { driver: "driver.test", volumeHandle: "h" };
  await client.create(PersistentVolume, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "v" },
    spec: { ...spec, capacity: { storage: "1Gi" }, csi },
  });
  await client.create(PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: ref,
    spec: { ...spec, resources: { requests: { storage: "1Gi" } } },
  });
  await until(PersistentVolumeClaim, ref, (claim) => claim?.status?.currentVolumeAttributesClassName === "silver");
  await client.patch(PersistentVolumeClaim, ref, {
    type: "merge",
    body: { spec: { volumeAttributesClassName: "gold" } },
  });
  await client.delete(VolumeAttributesClass, { name: "gold" });
  await client.delete(VolumeAttributesClass, { name: "silver" });
  // The driver's resizer.
  await client.patch(PersistentVolume, { name: "v" }, {
    type: "merge",
    body: { spec: { volumeAttributesClassName: "gold" } },
  });
  await until(PersistentVolumeClaim, ref, (claim) => claim?.status?.currentVolumeAttributesClassName === "gold");
  await until(VolumeAttributesClass, { name: "silver" }, (one) => one === undefined);
  assert.ok((await client.get(VolumeAttributesClass, { name: "gold" }))?.metadata.deletionTimestamp);
});
