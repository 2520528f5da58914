/**
 * A PersistentVolume's storage as a path of this node: `local`, `hostPath` and `nfs`. What a driver serves is CSI's affair;
 * what nobody here can mount is refused by name.
 */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import { type GroupOwnership, ownByGroup } from "./group_ownership.ts";
import { prepareHostPath } from "./host_path.ts";
import { bindMount } from "./mounts.ts";
import { mountNfs } from "./nfs.ts";
import { MountError } from "./payload.ts";

export interface MountOptions {
  /** Where the pod sees it from. */
  readonly place: string;
  readonly readOnly: boolean;
  readonly ownership?: GroupOwnership;
  /** Volumes right below are the node's own: their folders are made when first used. */
  readonly ownFolder: string;
}

/** Called once a volume and pod: what is mounted at `place` stays. */
export async function mountPersistentVolume(volume: IPersistentVolume, options: MountOptions): Promise<void> {
  const { place, readOnly, ownership, ownFolder } = options;
  const { local, hostPath, nfs, mountOptions } = volume.spec ?? {};
  if (nfs) return await mountNfs(nfs, place, { readOnly, mountOptions });
  const source = hostPath ? await prepareHostPath(hostPath) : local && await localPath(local.path, ownFolder);
  if (!source) throw new MountError(`no volume plugin matched: this node does not support ${kindOf(volume)} volumes`);
  if (local && ownership && !readOnly) await ownByGroup(source, ownership);
  await bindMount(source, place, { options: readOnly ? ["ro"] : [] });
}

/** `volumeMode: Block`: the device itself, as a path of this node. */
export async function blockDevice({ spec }: IPersistentVolume): Promise<string> {
  const { local } = spec ?? {};
  if (!local) throw new MountError("volumes of mode Block must be local ones or a CSI driver's");
  const info = await Deno.stat(local.path).catch(() => undefined);
  if (info?.isBlockDevice) return await Deno.realPath(local.path);
  throw new MountError(info ? `${local.path} is not a block device` : `path "${local.path}" does not exist`);
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
