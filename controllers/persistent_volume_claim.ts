/**
 * PersistentVolumeClaim: finds a volume and binds to it, or asks the class's driver to make one.
 *
 * Laws: the volume is reserved before the claim names it, so that a crash leaves a reservation that the claim finds again;
 * a reservation is refused by the server when somebody was faster.
 */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IPersistentVolumeClaimStatus } from "kubernetes-models/v1/PersistentVolumeClaimStatus";
import {
  compareQuantities,
  keyOf,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  refOf,
  StorageClass,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  patching,
  reads,
  type Scope,
} from "../runtime/loop/mod.ts";
import { boundByController, provisionedBy } from "./persistent_volume.ts";
import { isGoing } from "./objects/pod_state.ts";
import { about } from "./objects/pod_template.ts";
import {
  belongsTo,
  chooseVolume,
  type ClaimObject,
  defaultClassOf,
  hasNoClass,
  obstacleOf,
  storageClassOf,
  type VolumeObject,
} from "./persistent_volume/plan.ts";

const bindCompleted = "pv.kubernetes.io/bind-completed";
const selectedNode = "volume.kubernetes.io/selected-node";
const provisioners = ["volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner"];
/** Of classes whose volumes are made by hand. */
const noProvisioner = "kubernetes.io/no-provisioner";

type Claims = Scope<IPersistentVolumeClaim>;

export const persistentVolumeClaims: Controller = controller(PersistentVolumeClaim, {
  name: "persistentvolumeclaim",
  eventSource: { component: "persistentvolume-controller" },
  watches: [claimsOfVolumes(), claimsOfClasses(), reads(Node)],
  async reconcile(key, scope): Promise<Outcome> {
    const claim = scope.read(key);
    if (!claim?.spec) return done;
    if (claim.spec.volumeName) await keep(claim, claim.spec.volumeName, scope);
    else if (!isGoing(claim)) await find(claim, scope);
    return done;
  },
});

/** A free volume may be what any unbound claim waits for. */
function claimsOfVolumes() {
  return mapped(PersistentVolume, ({ metadata, spec }, { informers }) => {
    const { claimRef } = spec ?? {};
    if (claimRef) return [`${claimRef.namespace}/${claimRef.name}`];
    const claims = informers.of(PersistentVolumeClaim).list();
    return claims.filter((claim) => [undefined, "", metadata.name].includes(claim.spec?.volumeName)).map(keyOf);
  });
}

function claimsOfClasses() {
  return mapped(StorageClass, ({ metadata }, { informers }) => {
    const claims = informers.of(PersistentVolumeClaim).list();
    return claims.filter((claim) =>
      !claim.spec?.volumeName && (hasNoClass(claim) || storageClassOf(claim) === metadata.name)
    ).map(keyOf);
  });
}

async function find(claim: ClaimObject, scope: Claims): Promise<void> {
  const { informers, recorder } = scope;
  const object = about({ kind: PersistentVolumeClaim, object: claim });
  const volumes = informers.of(PersistentVolume).list();
  const storageClass = informers.of(StorageClass).get(storageClassOf(claim));
  const nodeName = claim.metadata.annotations?.[selectedNode];
  const waits = storageClass?.volumeBindingMode === "WaitForFirstConsumer" && nodeName === undefined;
  const candidates = waits ? volumes.filter((volume) => belongsTo(volume, claim)) : volumes;
  const volume = chooseVolume(claim, candidates, nodeName === undefined ? undefined : informers.of(Node).get(nodeName));
  if (volume) return await bind(claim, volume, scope);
  if (hasNoClass(claim) && await takeDefaultClass(claim, scope)) return;
  await pending(claim, scope);
  if (waits) {
    const message = "waiting for first consumer to be created before binding";
    recorder.event(object, "Normal", "WaitForFirstConsumer", message);
  } else if (storageClass && storageClass.provisioner !== noProvisioner) {
    await askFor(claim, storageClass.provisioner, scope);
  } else if (storageClassOf(claim) !== "" && !storageClass) {
    const message = `storageclass.storage.k8s.io "${storageClassOf(claim)}" not found`;
    recorder.event(object, "Warning", "ProvisioningFailed", message);
  } else {
    const message = "no persistent volumes available for this claim and no storage class is set";
    recorder.event(object, "Normal", "FailedBinding", message);
  }
}

/** A claim from before there was a default class gets it as soon as there is one. (KEP-3333) */
async function takeDefaultClass(claim: ClaimObject, { informers, apply }: Claims): Promise<boolean> {
  const storageClassName = defaultClassOf(informers.of(StorageClass).list());
  if (storageClassName === undefined) return false;
  const { uid, resourceVersion } = claim.metadata;
  const body = { metadata: { uid, resourceVersion }, spec: { storageClassName } };
  await apply([patching(PersistentVolumeClaim, refOf(keyOf(claim)), { type: "merge", body })]);
  return true;
}

async function pending(claim: ClaimObject, { status }: Claims): Promise<void> {
  await status(claim, { ...claim.status, phase: "Pending" });
}

/** Drivers watch for claims that carry their name. */
async function askFor(claim: ClaimObject, provisioner: string, { apply, recorder }: Claims): Promise<void> {
  const message =
    `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually ` +
    "by the system administrator. If volume creation is delayed, please verify that the provisioner is running and " +
    "correctly registered.";
  const object = about({ kind: PersistentVolumeClaim, object: claim });
  recorder.event(object, "Normal", "ExternalProvisioning", message);
  if (provisioners.every((annotation) => claim.metadata.annotations?.[annotation] === provisioner)) return;
  const annotations = Object.fromEntries(provisioners.map((annotation) => [annotation, provisioner]));
  const body = { metadata: { annotations } };
  await apply([patching(PersistentVolumeClaim, refOf(keyOf(claim)), { type: "merge", body })]);
}

async function bind(claim: ClaimObject, volume: VolumeObject, scope: Claims): Promise<void> {
  await reserve(claim, volume, scope);
  await scope.apply([patching(PersistentVolumeClaim, refOf(keyOf(claim)), {
    type: "merge",
    body: {
      metadata: { uid: claim.metadata.uid, annotations: { [bindCompleted]: "yes", [boundByController]: "yes" } },
      spec: { volumeName: volume.metadata.name },
    },
  })]);
}

/** The volume's resource version makes sure that nobody has taken it meanwhile. */
async function reserve(claim: ClaimObject, { metadata, spec }: VolumeObject, { apply }: Claims): Promise<void> {
  if (spec?.claimRef?.uid === claim.metadata.uid) return;
  const { name, namespace, uid, resourceVersion } = claim.metadata;
  const claimRef = {
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    name,
    namespace: namespace!,
    uid,
    resourceVersion,
  };
  const annotations: Record<string, string> = spec?.claimRef ? {} : { [boundByController]: "yes" };
  const body = { metadata: { resourceVersion: metadata.resourceVersion, annotations }, spec: { claimRef } };
  await apply([patching(PersistentVolume, { name: metadata.name }, { type: "merge", body })]);
}

/** It names a volume: by the loop's doing, or because a person asked for this one. */
async function keep(claim: ClaimObject, volumeName: string, scope: Claims): Promise<void> {
  const volume = scope.informers.of(PersistentVolume).get(volumeName) ??
    await scope.client.get(PersistentVolume, { name: volumeName });
  const bound = claim.metadata.annotations?.[bindCompleted] !== undefined;
  if (bound && (!volume || !belongsTo(volume, claim))) return await lost(claim, volume, scope);
  if (!volume) return await pending(claim, scope);
  const obstacle = whyNot(volume, claim, bound);
  if (obstacle !== undefined) return await refuse(claim, obstacle, scope);
  await reserve(claim, volume, scope);
  if (!bound) {
    const body = { metadata: { annotations: { [bindCompleted]: "yes" } } };
    await scope.apply([patching(PersistentVolumeClaim, refOf(keyOf(claim)), { type: "merge", body })]);
  }
  const present = scope.read(keyOf(claim)) ?? claim;
  await scope.status(present, boundStatus(present, volume));
  tellExpansion(present, volume, scope);
}

/** Growing is the driver's work, or its resizer's. */
function tellExpansion(claim: ClaimObject, volume: VolumeObject, { recorder }: Claims): void {
  const wanted = claim.spec?.resources?.requests?.storage;
  if (wanted === undefined || compareQuantities(volume.spec?.capacity?.storage ?? "0", wanted) >= 0) return;
  const object = about({ kind: PersistentVolumeClaim, object: claim });
  if (volume.spec?.csi) {
    recorder.event(object, "Normal", "ExternalExpanding", "waiting for an external controller to expand this PVC");
  } else if (volume.metadata.annotations?.[provisionedBy] === undefined) {
    const message = "didn't find a plugin capable of expanding the volume; " +
      "waiting for an external controller to process this PVC";
    recorder.event(object, "Warning", "ExternalExpanding", message);
  }
}

function whyNot(volume: VolumeObject, claim: ClaimObject, bound: boolean): string | undefined {
  const { name } = volume.metadata;
  if (volume.spec?.claimRef && !belongsTo(volume, claim)) return `volume "${name}" already bound to a different claim.`;
  const obstacle = bound || volume.spec?.claimRef?.uid ? undefined : obstacleOf(volume, claim);
  return obstacle && `Cannot bind to requested volume "${name}": ${obstacle}`;
}

async function refuse(claim: ClaimObject, message: string, scope: Claims): Promise<void> {
  scope.recorder.event(about({ kind: PersistentVolumeClaim, object: claim }), "Warning", "FailedBinding", message);
  await pending(claim, scope);
}

/** After an expansion the status tells what the file system has, which the driver writes. */
function boundStatus({ status }: ClaimObject, volume: VolumeObject): IPersistentVolumeClaimStatus {
  const capacity = status?.phase === "Bound" && status.capacity ? status.capacity : volume.spec?.capacity;
  // The volume's, not the claim's: a change is done when the driver has made it.
  const { volumeAttributesClassName } = volume.spec ?? {};
  return {
    ...status,
    phase: "Bound",
    accessModes: volume.spec?.accessModes,
    capacity,
    ...(volumeAttributesClassName ? { currentVolumeAttributesClassName: volumeAttributesClassName } : {}),
  };
}

async function lost(claim: ClaimObject, volume: VolumeObject | undefined, scope: Claims): Promise<void> {
  if (claim.status?.phase === "Lost") return;
  const object = about({ kind: PersistentVolumeClaim, object: claim });
  if (volume?.spec?.claimRef) {
    const message = "Two claims are bound to the same volume, this one is bound incorrectly";
    scope.recorder.event(object, "Warning", "ClaimMisbound", message);
  } else {
    const what = volume ? "lost reference to PersistentVolume" : "lost its PersistentVolume";
    const message = `Bound claim has ${what}. Data on the volume is lost!`;
    scope.recorder.event(object, "Warning", "ClaimLost", message);
  }
  const { accessModes: _modes, capacity: _capacity, ...rest } = claim.status ?? {};
  await scope.status(claim, { ...rest, phase: "Lost" });
}
