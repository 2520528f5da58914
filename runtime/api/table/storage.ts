/** The columns of volumes, claims and the classes behind them. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { ICSINode } from "kubernetes-models/storage.k8s.io/v1/CSINode";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IVolumeAttachment } from "kubernetes-models/storage.k8s.io/v1/VolumeAttachment";
import type { IVolumeAttributesClass } from "kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass";
import { age, column, listed, name, type Printer, printer, wide } from "./cell.ts";

const unset = "<unset>";

/** In the order in which they are shown. */
const modes: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

function accessModes(given: readonly string[] | undefined): string {
  return Object.keys(modes).filter((mode) => given?.includes(mode)).map((mode) => modes[mode]).join(",");
}

interface Classed {
  metadata?: { annotations?: { [key: string]: string } };
  spec?: { storageClassName?: string };
}

/** The annotation is older than the field and wins. */
function classOf({ metadata, spec }: Classed): string {
  return metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? "";
}

function phase(object: { metadata?: { deletionTimestamp?: string }; status?: { phase?: string } }): string {
  return object.metadata?.deletionTimestamp ? "Terminating" : object.status?.phase ?? "";
}

export const persistentVolumes: Printer = printer<IPersistentVolume>(
  name,
  column("Capacity", ({ spec }) => String(spec?.capacity?.storage ?? "")),
  column("Access Modes", ({ spec }) => accessModes(spec?.accessModes)),
  column("Reclaim Policy", ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ""),
  column("Status", phase),
  column("Claim", ({ spec }) => spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}` : ""),
  column("StorageClass", classOf),
  column("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? unset),
  column("Reason", ({ status }) => status?.reason ?? ""),
  age,
  wide("VolumeMode", ({ spec }) => spec?.volumeMode ?? unset),
);

export const persistentVolumeClaims: Printer = printer<IPersistentVolumeClaim>(
  name,
  column("Status", phase),
  column("Volume", ({ spec }) => spec?.volumeName ?? ""),
  column("Capacity", ({ spec, status }) => spec?.volumeName ? String(status?.capacity?.storage ?? "") : ""),
  column("Access Modes", ({ spec, status }) => spec?.volumeName ? accessModes(status?.accessModes) : ""),
  column("StorageClass", classOf),
  column("VolumeAttributesClass", ({ spec }) => spec?.volumeAttributesClassName ?? unset),
  age,
  wide("VolumeMode", ({ spec }) => spec?.volumeMode ?? unset),
);

export const storageClasses: Printer = printer<IStorageClass>(
  { ...name, cell: storageClassName },
  column("Provisioner", ({ provisioner }) => provisioner),
  column("ReclaimPolicy", ({ reclaimPolicy }) => reclaimPolicy ?? "Delete"),
  column("VolumeBindingMode", ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate"),
  column("AllowVolumeExpansion", ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false),
  age,
);

function storageClassName({ metadata }: IStorageClass): string {
  const { name = "", annotations = {} } = metadata ?? {};
  const marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
  return marks.some((mark) => annotations[mark] === "true") ? `${name} (default)` : name;
}

export const volumeAttachments: Printer = printer<IVolumeAttachment>(
  name,
  { ...column<IVolumeAttachment>("Attacher", ({ spec }) => spec.attacher), format: "name" },
  column("PV", ({ spec }) => spec.source.persistentVolumeName ?? ""),
  column("Node", ({ spec }) => spec.nodeName),
  column("Attached", ({ status }) => status?.attached ?? false, "boolean"),
  age,
);

export const volumeAttributesClasses: Printer = printer<IVolumeAttributesClass>(
  name,
  column("DriverName", ({ driverName }) => driverName),
  age,
);

export const csiDrivers: Printer = printer<ICSIDriver>(
  name,
  column("AttachRequired", ({ spec }) => spec.attachRequired ?? true, "boolean"),
  column("PodInfoOnMount", ({ spec }) => spec.podInfoOnMount ?? false, "boolean"),
  column("StorageCapacity", ({ spec }) => spec.storageCapacity ?? false, "boolean"),
  column("TokenRequests", ({ spec }) => listed(spec.tokenRequests?.map(({ audience }) => audience), unset)),
  column("RequiresRepublish", ({ spec }) => spec.requiresRepublish ?? false, "boolean"),
  column("Modes", ({ spec }) => listed(spec.volumeLifecycleModes)),
  age,
);

export const csiNodes: Printer = printer<ICSINode>(
  name,
  column("Drivers", ({ spec }) => spec.drivers?.length ?? 0, "integer"),
  age,
);
