/**
 * Runs on each node: removes the folders of local volumes that are deleted, and then lets the volumes go.
 *
 * Laws: a folder goes only when its volume is being deleted with policy `Delete` and no pod has it; only folders right below
 * the node's own are touched. What a person keeps (`Retain`) stays on the disk.
 */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import { PersistentVolume, refOf } from "../../runtime/schema/mod.ts";
import { type Controller, controller, done, type Outcome } from "../../runtime/loop/mod.ts";
import { folderFinalizer, hostOf, isLocal } from "./names.ts";

export interface LocalFoldersOptions {
  readonly nodeName: string;
  /** The folder that the node's annotation names. */
  readonly folder: string;
}

export function localFolders({ nodeName, folder }: LocalFoldersOptions): Controller {
  return controller(PersistentVolume, {
    name: "local-folders",
    leaderOnly: false,
    async reconcile(key, { read, client }): Promise<Outcome> {
      const volume = read(key);
      if (!volume || !isLocal(volume) || hostOf(volume) !== nodeName) return done;
      const { deletionTimestamp, finalizers = [], resourceVersion } = volume.metadata;
      if (!deletionTimestamp || !finalizers.includes(folderFinalizer) || volume.status?.phase === "Bound") return done;
      if (volume.spec?.persistentVolumeReclaimPolicy === "Delete") await removeFolder(volume, folder);
      const body = {
        metadata: { resourceVersion, finalizers: finalizers.filter((finalizer) => finalizer !== folderFinalizer) },
      };
      await client.patch(PersistentVolume, refOf(key), { type: "merge", body });
      return done;
    },
  });
}

/** The path is checked although we wrote it: whoever may edit volumes must not remove the node's files. */
async function removeFolder({ metadata, spec }: IPersistentVolume, folder: string): Promise<void> {
  const path = `${folder}/${metadata!.name}`;
  if (spec?.local?.path !== path || !metadata?.name?.startsWith("pvc-")) return;
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
