/** Volumes of the local provisioner that nobody has any more: deleted where their policy says so, and let go where their node is gone. */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import { Node, PersistentVolume, refOf, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  deleting,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  patching,
} from "../runtime/loop/mod.ts";
import { folderFinalizer, hostOf, isLocal } from "./local_provisioner/names.ts";

export const localReclaim: Controller = controller(PersistentVolume, {
  name: "local-reclaim",
  watches: [
    mapped(Node, (_node, { informers }) => informers.of(PersistentVolume).list().filter(isLocal).map(nameOf), {
      when: ({ type }) => type === "DELETED",
    }),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const volume = scope.read(key);
    if (!volume || !isLocal(volume)) return done;
    const { deletionTimestamp, finalizers = [], uid } = volume.metadata;
    if (!deletionTimestamp) {
      if (isReclaimed(volume)) {
        await scope.apply([deleting(PersistentVolume, { name: key }, { preconditions: { uid } })]);
      }
      return done;
    }
    if (!finalizers.includes(folderFinalizer) || await hasNode(volume, scope)) return done;
    const body = { metadata: { finalizers: finalizers.filter((one) => one !== folderFinalizer) } };
    await scope.apply([patching(PersistentVolume, refOf(key), { type: "merge", body })]);
    return done;
  },
});

function nameOf({ metadata }: Stored<IPersistentVolume>): string {
  return metadata.name;
}

function isReclaimed({ spec, status }: IPersistentVolume): boolean {
  return status?.phase === "Released" && spec?.persistentVolumeReclaimPolicy === "Delete";
}

/** The local copy may be behind: nobody lets go of data on its word alone. */
async function hasNode(volume: IPersistentVolume, { client }: LoopContext): Promise<boolean> {
  const host = hostOf(volume);
  const { items } = await client.list(Node, { labelSelector: `kubernetes.io/hostname=${host}` });
  return items.length > 0;
}
