/** Claims, volumes and classes as the scheduler sees them; and volumes that it has chosen but which do not say so yet. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { ICSINode } from "kubernetes-models/storage.k8s.io/v1/CSINode";
import type { ICSIStorageCapacity } from "kubernetes-models/storage.k8s.io/v1/CSIStorageCapacity";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { Informers } from "../../runtime/loop/mod.ts";
import {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  type Key,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
} from "../../runtime/schema/mod.ts";
import type { ClaimObject, VolumeObject } from "../persistent_volume/plan.ts";

export interface StorageView {
  claim(key: Key): ClaimObject | undefined;
  volume(name: string): VolumeObject | undefined;
  volumes(): readonly VolumeObject[];
  storageClass(name: string): IStorageClass | undefined;
  csiNode(name: string): ICSINode | undefined;
  csiDriver(name: string): ICSIDriver | undefined;
  /** What drivers say is free for volumes of the class. */
  capacities(className: string): readonly ICSIStorageCapacity[];
  /** Name of a volume to the uid of the claim that it is meant for. */
  readonly reserved: Map<string, string>;
}

export const noStorage: StorageView = {
  claim: () => undefined,
  volume: () => undefined,
  volumes: () => [],
  storageClass: () => undefined,
  csiNode: () => undefined,
  csiDriver: () => undefined,
  capacities: () => [],
  reserved: new Map(),
};

export function storageView(informers: Informers): StorageView {
  const claims = informers.of(PersistentVolumeClaim);
  const volumes = informers.of(PersistentVolume);
  const classes = informers.of(StorageClass);
  const csiNodes = informers.of(CSINode);
  const drivers = informers.of(CSIDriver);
  const capacities = informers.of(CSIStorageCapacity);
  return {
    claim: (key) => claims.get(key),
    volume: (name) => volumes.get(name),
    volumes: () => volumes.list(),
    storageClass: (name) => classes.get(name),
    csiNode: (name) => csiNodes.get(name),
    csiDriver: (name) => drivers.get(name),
    capacities: (className) => capacities.list().filter(({ storageClassName }) => storageClassName === className),
    reserved: new Map(),
  };
}
