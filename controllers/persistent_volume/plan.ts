/**
 * Which PersistentVolume a claim gets, and what a volume's binding says about its phase. Pure.
 *
 * Laws: a volume belongs to one claim at most; a claim never gets less than it asks for, and the smallest that will do; a
 * volume that a person has reserved goes to that claim alone.
 *
 * Source: Persistent Volumes, "Binding" (https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding).
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { compareQuantities, compileLabelSelector, type Stored } from "../../runtime/schema/mod.ts";
import { defaultClassMarks, newestMarked } from "../../runtime/api/admission/default_storage_class.ts";
import type { NodeState } from "../scheduler/node_state.ts";
import { requiredNodes } from "../scheduler/plugins/node_selector.ts";
import { isGoing } from "../objects/pod_state.ts";

export type VolumeObject = Stored<IPersistentVolume>;
export type ClaimObject = Stored<IPersistentVolumeClaim>;
export type NodeObject = Stored<INode>;

const classAnnotation = "volume.beta.kubernetes.io/storage-class";

/** Of a claim or a volume; "" is a class too: the one without provisioner. */
export function storageClassOf({ metadata, spec }: ClaimObject | VolumeObject): string {
  return metadata.annotations?.[classAnnotation] ?? spec?.storageClassName ?? "";
}

/** Nobody has chosen a class for it, not even the one without a name. */
export function hasNoClass({ metadata, spec }: ClaimObject): boolean {
  return metadata.annotations?.[classAnnotation] === undefined && spec?.storageClassName === undefined;
}

/** The one that admission would have chosen. */
export function defaultClassOf(classes: readonly Stored<IStorageClass>[]): string | undefined {
  return newestMarked(classes, defaultClassMarks)?.metadata.name;
}

/** It holds the claim's name and, once it is bound, its uid. */
export function belongsTo({ spec }: VolumeObject, { metadata }: ClaimObject): boolean {
  const reference = spec?.claimRef;
  if (reference?.name !== metadata.name || reference.namespace !== metadata.namespace) return false;
  return !reference.uid || reference.uid === metadata.uid;
}

/** Why a volume is not for the claim; the first reason, or none. */
const obstacles: readonly ((volume: VolumeObject, claim: ClaimObject) => string | undefined)[] = [
  (volume, claim) =>
    compareQuantities(volume.spec?.capacity?.storage ?? "0", claim.spec?.resources?.requests?.storage ?? "0") < 0
      ? "requested PV is too small"
      : undefined,
  (volume, claim) => storageClassOf(volume) === storageClassOf(claim) ? undefined : "storageClassName does not match",
  (volume, claim) =>
    (volume.spec?.volumeMode ?? "Filesystem") === (claim.spec?.volumeMode ?? "Filesystem")
      ? undefined
      : "incompatible volumeMode",
  (volume, claim) =>
    claim.spec?.accessModes?.every((mode) => volume.spec?.accessModes?.includes(mode)) ?? true
      ? undefined
      : "incompatible accessMode",
  (volume, claim) =>
    (volume.spec?.volumeAttributesClassName ?? "") === (claim.spec?.volumeAttributesClassName ?? "")
      ? undefined
      : "volumeAttributesClassName does not match",
];

export function obstacleOf(volume: VolumeObject, claim: ClaimObject): string | undefined {
  for (const obstacle of obstacles) {
    const reason = obstacle(volume, claim);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** `node`: where the claim's first pod will run, when that is known. */
export function chooseVolume(
  claim: ClaimObject,
  volumes: readonly VolumeObject[],
  node?: NodeObject,
): VolumeObject | undefined {
  const own = volumes.find((volume) => belongsTo(volume, claim) && !isGoing(volume));
  if (own) return own.spec?.claimRef?.uid || obstacleOf(own, claim) === undefined ? own : undefined;
  const { selector } = claim.spec ?? {};
  const matches = selector ? compileLabelSelector(selector as never) : () => true;
  const size = ({ spec }: VolumeObject) => spec?.capacity?.storage ?? "0";
  const fitting = volumes.filter((volume) =>
    isFree(volume) && matches(volume.metadata.labels) && obstacleOf(volume, claim) === undefined &&
    reaches(volume, node)
  );
  return fitting.sort((a, b) => compareQuantities(size(a), size(b)) || (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

function isFree(volume: VolumeObject): boolean {
  return !volume.spec?.claimRef && !isGoing(volume) && volume.status?.phase === "Available";
}

function reaches({ spec }: VolumeObject, node: NodeObject | undefined): boolean {
  const required = spec?.nodeAffinity?.required;
  if (!node || !required) return true;
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const { name, labels = {} } = node.metadata;
  return requiredNodes({ containers: [], affinity } as never)?.({ name, labels } as NodeState) ?? true;
}

export type VolumePhase = "Available" | "Bound" | "Released";

/** `claim`: the present object of the name in `claimRef`. `undefined`: nothing is decided yet. */
export function phaseOf({ spec, metadata }: VolumeObject, claim: ClaimObject | undefined): VolumePhase | undefined {
  const reference = spec?.claimRef;
  if (!reference?.uid) return "Available";
  if (claim?.metadata.uid !== reference.uid) return "Released";
  return claim.spec?.volumeName === metadata.name ? "Bound" : undefined;
}
