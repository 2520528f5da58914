/**
 * PersistentVolume: its phase, and giving it up when its claim is gone or has chosen another.
 *
 * It isn't a deleter: `Delete` is left to the driver that made the volume, and fails where there is none.
 */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeStatus } from "kubernetes-models/v1/PersistentVolumeStatus";
import { keyOf, PersistentVolume, PersistentVolumeClaim, refOf } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, mapped, type Outcome, patching, type Scope } from "../runtime/loop/mod.ts";
import { timestamp } from "./objects/conditions.ts";
import { isGoing } from "./objects/pod_state.ts";
import { about } from "./objects/pod_template.ts";
import { phaseOf, type VolumeObject } from "./persistent_volume/plan.ts";

export const boundByController = "pv.kubernetes.io/bound-by-controller";
export const provisionedBy = "pv.kubernetes.io/provisioned-by";

export const persistentVolumes: Controller = controller(PersistentVolume, {
  name: "persistentvolume",
  eventSource: { component: "persistentvolume-controller" },
  watches: [volumesOfClaims()],
  async reconcile(key, scope): Promise<Outcome> {
    const volume = scope.read(key);
    if (!volume?.spec) return done;
    const claim = await claimOf(volume, scope);
    if (claim?.spec?.volumeName && claim.spec.volumeName !== key && volume.spec.claimRef?.uid && !isGoing(volume)) {
      await giveUp(volume, scope);
      return done;
    }
    const status = statusOf(volume, phaseOf(volume, claim), scope.clock.now());
    if (status.phase === "Failed" && volume.status?.phase !== "Failed") {
      const object = about({ kind: PersistentVolume, object: volume });
      scope.recorder.event(object, "Warning", "VolumeFailedDelete", status.message!);
    }
    await scope.status(volume, status);
    return done;
  },
});

/** The volume that a claim names, and those that name the claim. */
function volumesOfClaims() {
  return mapped(PersistentVolumeClaim, ({ metadata, spec }, { informers }) => {
    const { name, namespace } = metadata;
    const naming = informers.of(PersistentVolume).list().filter(({ spec }) =>
      spec?.claimRef?.name === name && spec.claimRef.namespace === namespace
    );
    return [...naming.map(keyOf), ...(spec?.volumeName ? [spec.volumeName] : [])];
  });
}

/** The local copy may not know a claim yet: before a volume is released the server is asked. */
async function claimOf({ spec }: VolumeObject, { informers, client }: Scope<IPersistentVolume>) {
  const { namespace, name, uid } = spec!.claimRef ?? {};
  if (!namespace || !name) return undefined;
  const known = informers.of(PersistentVolumeClaim).get(`${namespace}/${name}`);
  if (known?.metadata.uid === uid) return known;
  return await client.get(PersistentVolumeClaim, { namespace, name });
}

/** The claim has another volume: what the loop reserved becomes free, what a person reserved stays so. */
async function giveUp({ metadata, spec }: VolumeObject, { apply }: Scope<IPersistentVolume>): Promise<void> {
  const ours = metadata.annotations?.[boundByController] !== undefined;
  const { name = "", namespace = "" } = spec!.claimRef!;
  const body = {
    metadata: { resourceVersion: metadata.resourceVersion, annotations: { [boundByController]: null } },
    spec: { claimRef: ours ? null : { name, namespace, uid: null, resourceVersion: null } },
  };
  await apply([patching(PersistentVolume, refOf(keyOf({ metadata })), { type: "merge", body })]);
}

function statusOf(volume: VolumeObject, decided: ReturnType<typeof phaseOf>, now: number): IPersistentVolumeStatus {
  const { status = {}, spec } = volume;
  const before = status.phase ?? "Pending";
  const orphaned = decided === "Released" && isUndeletable(volume);
  const phase = orphaned ? "Failed" as const : decided ?? before;
  if (phase === status.phase) return status;
  const { message: _message, reason: _reason, ...rest } = status;
  const next = { ...rest, phase, lastPhaseTransitionTime: timestamp(now) };
  if (!orphaned) return next;
  const what = spec?.persistentVolumeReclaimPolicy === "Recycle" ? "recycler" : "deleter";
  const message = `error getting ${what} volume plugin for volume "${volume.metadata.name}": no volume plugin matched`;
  return { ...next, message };
}

/** Its policy asks for work that no driver of this cluster does. */
function isUndeletable({ spec, metadata }: VolumeObject): boolean {
  const external = spec?.csi !== undefined || metadata.annotations?.[provisionedBy] !== undefined;
  const policy = spec?.persistentVolumeReclaimPolicy ?? "Retain";
  return policy !== "Retain" && !external && !isGoing({ metadata });
}
