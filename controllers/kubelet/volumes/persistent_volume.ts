/**
 * A PersistentVolume's storage as a path of this node. Storage of the node itself: `local` and `hostPath`; what a driver
 * serves (CSI) or another machine keeps (NFS) is refused by name.
 */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import $ from "dax";
import { ownByGroup } from "./group_ownership.ts";
import type { GroupOwnership } from "./group_ownership.ts";
import { prepareHostPath } from "./host_path.ts";
import { isMountPoint } from "./mounts.ts";
import { MountError } from "./payload.ts";

export interface MountOptions {
  /** Where the pod sees it from. */
  readonly place: string;
  readonly readOnly: boolean;
  readonly ownership?: GroupOwnership;
  /** Volumes right below are the node's own: their folders are made when first used. */
  readonly ownFolder: string;
}

export async function mountPersistentVolume(volume: IPersistentVolume, options: MountOptions): Promise<string> {
  const { local, hostPath, volumeMode } = volume.spec ?? {};
  if (volumeMode === "Block") throw new MountError("volumes of mode Block are not supported by this node");
  if (hostPath && !options.readOnly) return await prepareHostPath(hostPath);
  const source = hostPath ? await prepareHostPath(hostPath) : local && await localPath(local.path, options.ownFolder);
  if (!source) throw new MountError(`no volume plugin matched: this node does not support ${kindOf(volume)} volumes`);
  const { place, readOnly, ownership } = options;
  if (await isMountPoint(place)) return place;
  if (local && ownership && !readOnly) await ownByGroup(source, ownership);
  await Deno.mkdir(place, { recursive: true, mode: 0o750 });
  await $`mount --bind ${readOnly ? ["-o", "ro"] : []} ${source} ${place}`.quiet();
  return place;
}

async function localPath(path: string, ownFolder: string): Promise<string> {
  const isOwn = path.slice(0, path.lastIndexOf("/")) === ownFolder && !path.endsWith("/..");
  const info = await Deno.stat(path).catch(() => undefined);
  if (info?.isDirectory) return path;
  if (info || !isOwn) throw new MountError(info ? `${path} is not a directory` : `path "${path}" does not exist`);
  const fresh = `${path}~new`;
  await Deno.mkdir(fresh, { recursive: true, mode: 0o700 });
  await Deno.chmod(fresh, 0o777);
  await Deno.rename(fresh, path);
  return path;
}

/** The field that names the storage: `nfs`, `csi`. */
function kindOf({ spec = {} }: IPersistentVolume): string {
  const plain = new Set([
    ...["accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity", "persistentVolumeReclaimPolicy"],
    ...["storageClassName", "volumeAttributesClassName", "volumeMode"],
  ]);
  return Object.keys(spec).find((field) => !plain.has(field)) ?? "such";
}
