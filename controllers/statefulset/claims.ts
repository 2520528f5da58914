/**
 * The disks of a StatefulSet: a PersistentVolumeClaim for each template and ordinal, and who owns it, so that garbage
 * collection deletes it when `persistentVolumeClaimRetentionPolicy` says so. Pure.
 *
 * Source: KEP-1847 (StatefulSet PVC auto-deletion).
 */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { type OwnerReference, Pod, StatefulSet, type Stored } from "../../runtime/schema/mod.ts";
import { sameJson } from "../../runtime/loop/mod.ts";
import { controllerReference } from "../objects/ownership.ts";
import type { PodObject } from "../objects/pod_state.ts";
import { ordinalRange } from "./plan.ts";

export type StatefulSetObject = Stored<IStatefulSet>;
type ClaimObject = Stored<IPersistentVolumeClaim>;

export function podName({ metadata }: StatefulSetObject, ordinal: number): string {
  return `${metadata.name}-${ordinal}`;
}

export function claimName(template: string, pod: string): string {
  return `${template}-${pod}`;
}

export function claimNames(object: StatefulSetObject, ordinal: number): string[] {
  const templates = object.spec!.volumeClaimTemplates ?? [];
  return templates.map(({ metadata }) => claimName(metadata!.name!, podName(object, ordinal)));
}

export function claimsOf(object: StatefulSetObject, ordinal: number): IPersistentVolumeClaim[] {
  const { spec, metadata: { namespace } } = object;
  const owner = policyOf(object).whenDeleted === "Delete" ? [controllerReference(StatefulSet, object)] : undefined;
  return (spec!.volumeClaimTemplates ?? []).map((template) => {
    const name = claimName(template.metadata!.name!, podName(object, ordinal));
    const labels = { ...template.metadata!.labels, ...spec!.selector.matchLabels };
    const { annotations } = template.metadata!;
    const metadata = { name, namespace, labels, ...(annotations ? { annotations } : {}) };
    return {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: owner ? { ...metadata, ownerReferences: owner } : metadata,
      spec: template.spec,
    };
  });
}

function policyOf({ spec }: StatefulSetObject) {
  const { whenDeleted = "Retain", whenScaled = "Retain" } = spec!.persistentVolumeClaimRetentionPolicy ?? {};
  return { whenDeleted, whenScaled };
}

/** The references that the claim should have, when they differ. References to others stay. */
export function ownersOfClaim(
  object: StatefulSetObject,
  claim: ClaimObject,
  { ordinal, pod }: { ordinal: number; pod?: PodObject },
): OwnerReference[] | undefined {
  const wanted = wantedOwner(object, { ordinal, pod });
  const before = claim.metadata.ownerReferences ?? [];
  const { uid } = object.metadata;
  const name = podName(object, ordinal);
  const others = before.filter((one) => one.uid !== uid && !(one.kind === "Pod" && one.name === name));
  const after = [...others, ...wanted];
  return sameJson(before, after) ? undefined : after;
}

/** A pod that is scaled away takes its claim along; a set does so as long as the pod stays. */
function wantedOwner(object: StatefulSetObject, { ordinal, pod }: { ordinal: number; pod?: PodObject }) {
  const { whenDeleted, whenScaled } = policyOf(object);
  const { first, end } = ordinalRange(object.spec!);
  const condemned = ordinal < first || ordinal >= end;
  if (condemned && whenScaled === "Delete") return pod ? [controllerReference(Pod, pod)] : [];
  return whenDeleted === "Delete" ? [controllerReference(StatefulSet, object)] : [];
}

/** It belongs to a pod that went: it is about to go too, and a new pod must not get hold of it. */
export function isStaleClaim(object: StatefulSetObject, claim: ClaimObject | undefined, ordinal: number): boolean {
  if (!claim) return false;
  if (claim.metadata.deletionTimestamp !== undefined) return true;
  const name = podName(object, ordinal);
  return claim.metadata.ownerReferences?.some((one) => one.kind === "Pod" && one.name === name) ?? false;
}
