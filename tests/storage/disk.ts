/** A claim and its volume, which a CSI driver serves, and pods that use it. */
import type { Client } from "../../runtime/loop/mod.ts";
import { PersistentVolume, PersistentVolumeClaim, Pod as PodKind, ServiceAccount } from "../../runtime/schema/mod.ts";
import { driverName } from "./csi_driver.ts";

export async function createDisk(client: Client): Promise<void> {
  await client.create(ServiceAccount, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace: "default" },
  });
  const claim = await client.create(PersistentVolumeClaim, {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { namespace: "default", name: "data" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "",
      resources: { requests: { storage: "1Gi" } },
      volumeName: "pv-1",
    },
  });
  await client.create(PersistentVolume, {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "pv-1" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      claimRef: { namespace: "default", name: "data", uid: claim.metadata.uid },
      csi: { driver: driverName, volumeHandle: "disk", fsType: "ext4" },
    },
  });
}

export async function createUser(client: Client, name: string, on: string): Promise<void> {
  await client.create(PodKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "default", name },
    spec: {
      nodeName: on,
      containers: [{ name: "main", image: "x" }],
      volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
    },
  });
}
