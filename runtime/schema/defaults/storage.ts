/** What upstream fills in for volumes, claims, storage classes and CSI drivers. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { fill } from "./fill.ts";

export function defaultClaim(claim: Pick<IPersistentVolumeClaim, "spec" | "status">): void {
  fill(claim.spec ??= {}, { volumeMode: "Filesystem" });
  fill(claim.status ??= {}, { phase: "Pending" });
}

export function defaultVolumeOfCluster(volume: IPersistentVolume): void {
  const spec = volume.spec ??= {};
  fill(spec, { persistentVolumeReclaimPolicy: "Retain", volumeMode: "Filesystem" });
  if (spec.hostPath) fill(spec.hostPath, { type: "" });
  fill(volume.status ??= {}, { phase: "Pending" });
}

export function defaultStorageClass(storageClass: IStorageClass): void {
  fill(storageClass, { reclaimPolicy: "Delete", volumeBindingMode: "Immediate" });
}

export function defaultCsiDriver({ spec }: ICSIDriver): void {
  if (!spec) return;
  fill(spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: "ReadWriteOnceWithFSType",
    requiresRepublish: false,
    seLinuxMount: false,
  });
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
}
