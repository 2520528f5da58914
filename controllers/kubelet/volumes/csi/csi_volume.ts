/** One volume of a CSI driver as a pod sees it, whichever of the two ways it is named: by a claim, or in the pod itself. Pure. */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { Ref } from "../../../../runtime/schema/mod.ts";
import { isAttachable, sha256 } from "../../../objects/csi_attachment.ts";
import { type Pod, specOf, type Volume } from "../../pod/pod.ts";
import { MountError } from "../payload.ts";
import { nodeCapability, type VolumeCapability } from "./protocol.ts";

export interface CsiVolume {
  readonly driver: string;
  readonly handle: string;
  /** Of the PersistentVolume; of the pod's volume where it is the pod's own. */
  readonly name: string;
  /** The volume's name in the pod. */
  readonly podVolume: string;
  readonly claim?: Ref;
  /** Lives and dies with its pod. */
  readonly ephemeral: boolean;
  readonly block: boolean;
  readonly readOnly: boolean;
  readonly fsType: string;
  readonly accessMode?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly mountOptions: readonly string[];
  readonly secrets: { readonly stage?: Ref; readonly publish?: Ref; readonly expand?: Ref };
  /** Bytes, as the quantity that the PersistentVolume names. */
  readonly capacity?: string;
}

/** How a pod uses a PersistentVolume. */
export interface Use {
  readonly podVolume: string;
  readonly claim: Ref;
  readonly readOnly: boolean;
}

export function persistentCsi({ metadata, spec }: IPersistentVolume, { podVolume, claim, readOnly }: Use): CsiVolume {
  const csi = spec!.csi!;
  return {
    driver: csi.driver,
    handle: csi.volumeHandle,
    name: metadata!.name!,
    podVolume,
    claim,
    ephemeral: false,
    block: spec!.volumeMode === "Block",
    readOnly: readOnly || (csi.readOnly ?? false),
    fsType: csi.fsType ?? "",
    accessMode: spec!.accessModes?.[0],
    attributes: csi.volumeAttributes ?? {},
    mountOptions: spec!.mountOptions ?? [],
    secrets: {
      stage: csi.nodeStageSecretRef as Ref | undefined,
      publish: csi.nodePublishSecretRef as Ref | undefined,
      expand: csi.nodeExpandSecretRef as Ref | undefined,
    },
    capacity: spec!.capacity?.storage === undefined ? undefined : String(spec!.capacity.storage),
  };
}

export function ephemeralCsi({ metadata }: Pod, { name, csi }: Volume): CsiVolume {
  const secret = csi!.nodePublishSecretRef?.name;
  return {
    driver: csi!.driver,
    handle: `csi-${sha256(`${metadata.uid}${name}`)}`,
    name,
    podVolume: name,
    ephemeral: true,
    block: false,
    readOnly: csi!.readOnly ?? false,
    fsType: csi!.fsType ?? "",
    attributes: csi!.volumeAttributes ?? {},
    mountOptions: [],
    secrets: secret ? { publish: { namespace: metadata.namespace, name: secret } } : {},
  };
}

/** Throws a `MountError` where the driver does not do what the volume asks for. `policy`: its CSIDriver object, if there is one. */
export function checkLifecycle({ driver, ephemeral }: CsiVolume, policy: ICSIDriver | undefined): void {
  const modes = policy?.spec.volumeLifecycleModes ?? ["Persistent"];
  const mode = ephemeral ? "Ephemeral" : "Persistent";
  if (ephemeral && !policy) {
    throw new MountError(`volume mode "Ephemeral" not supported by driver ${driver} (no CSIDriver object)`);
  }
  if (!modes.includes(mode)) {
    throw new MountError(
      `volume mode "${mode}" not supported by driver ${driver} (only supports ${JSON.stringify(modes)})`,
    );
  }
}

export function needsAttach({ ephemeral }: CsiVolume, policy: ICSIDriver | undefined): boolean {
  return !ephemeral && isAttachable(policy);
}

const accessModes: Readonly<Record<string, number>> = {
  ReadWriteOnce: 1,
  ReadWriteOncePod: 1,
  ReadOnlyMany: 3,
  ReadWriteMany: 5,
};
/** Of drivers that tell one pod of a node from many. */
const finerModes: Readonly<Record<string, number>> = { ...accessModes, ReadWriteOnce: 7, ReadWriteOncePod: 6 };

export function capabilityOf(volume: CsiVolume, capabilities: ReadonlySet<number>, group?: number): VolumeCapability {
  const modes = capabilities.has(nodeCapability.singleNodeMultiWriter) ? finerModes : accessModes;
  const access_mode = { mode: modes[volume.accessMode ?? "ReadWriteOnce"] ?? 1 };
  if (volume.block) return { block: {}, access_mode };
  const ownsGroup = group !== undefined && capabilities.has(nodeCapability.mountGroup);
  return {
    mount: {
      fs_type: volume.fsType,
      mount_flags: volume.mountOptions,
      volume_mount_group: ownsGroup ? String(group) : "",
    },
    access_mode,
  };
}

/** `podInfoOnMount`: what a driver is told of the pod. */
export function podInfo(pod: Pod, ephemeral: boolean): Record<string, string> {
  const { name, namespace, uid } = pod.metadata;
  return {
    "csi.storage.k8s.io/pod.name": name,
    "csi.storage.k8s.io/pod.namespace": namespace!,
    "csi.storage.k8s.io/pod.uid": uid,
    "csi.storage.k8s.io/serviceAccount.name": specOf(pod).serviceAccountName ?? "default",
    "csi.storage.k8s.io/ephemeral": String(ephemeral),
  };
}

/** Whether the agent hands the volume to the pod's group. Source: KEP-1682, `fsGroupPolicy`. */
export function isGroupsAffair(volume: CsiVolume, policy: ICSIDriver | undefined): boolean {
  if (volume.block || volume.readOnly) return false;
  const how = policy?.spec.fsGroupPolicy ?? "ReadWriteOnceWithFSType";
  if (how !== "ReadWriteOnceWithFSType") return how === "File";
  const once = volume.accessMode === "ReadWriteOnce" || volume.accessMode === "ReadWriteOncePod";
  return volume.fsType !== "" && once;
}
