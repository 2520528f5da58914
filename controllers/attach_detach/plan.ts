/**
 * On which nodes a volume should be attached. Pure.
 *
 * Laws: a volume that one node may have at a time is never asked for on a second; what a node still uses stays, unless the node
 * is known to be lost; a node's status stops naming a volume before the volume is detached.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IVolumeAttachment } from "kubernetes-models/storage.k8s.io/v1/VolumeAttachment";
import type { Stored } from "../../runtime/schema/mod.ts";
import { isFinished } from "../objects/pod_state.ts";

export type PodObject = Stored<IPod>;
export type NodeObject = Stored<INode>;
export type Attachment = Stored<IVolumeAttachment>;

export interface AttachFacts {
  /** Absent: the PersistentVolume is gone, or not to be attached. */
  readonly volume?: { readonly spec: IPersistentVolume["spec"]; readonly uniqueName: string };
  /** Pods that use it, on any node. */
  readonly pods: readonly PodObject[];
  /** Those of this volume. */
  readonly attachments: readonly Attachment[];
  readonly node: (name: string) => NodeObject | undefined;
  readonly now: number;
}

export interface AttachPlan {
  /** Names of nodes. */
  readonly attach: readonly string[];
  readonly detach: readonly Attachment[];
  /** Pods that must wait, and why. */
  readonly refused: readonly { readonly pod: PodObject; readonly message: string }[];
  /** Look again after so many milliseconds. */
  readonly againMs?: number;
}

/** A node that does not answer for so long has lost its say. */
const lostAfterMs = 6 * 60_000;

export function planAttachments(facts: AttachFacts): AttachPlan {
  const { volume, attachments, node } = facts;
  const wanting = volume ? facts.pods.filter((pod) => pod.spec?.nodeName && !isFinished(pod)) : [];
  const wanted = Map.groupBy(wanting.toSorted(byAge), (pod) => pod.spec!.nodeName!);
  const have = new Set(attachments.map(({ spec }) => spec.nodeName));
  const missing = [...wanted.keys()].filter((name) => !have.has(name) && node(name));
  const places = isShared(volume?.spec) ? missing.length : Math.max(0, 1 - have.size);
  const waits = attachments.map((one) => ({ one, ms: wanted.has(one.spec.nodeName) ? Infinity : heldMs(one, facts) }));
  const later = waits.map(({ ms }) => ms).filter((ms) => ms > 0 && ms < Infinity);
  return {
    attach: missing.slice(0, places),
    detach: waits.filter(({ one, ms }) => ms <= 0 && !one.metadata.deletionTimestamp).map(({ one }) => one),
    refused: missing.slice(places).flatMap((name) => wanted.get(name)!).map((pod) => ({
      pod,
      message: multiAttach(facts),
    })),
    ...(later.length > 0 && { againMs: Math.min(...later) }),
  };
}

function byAge(a: PodObject, b: PodObject): number {
  const key = ({ metadata }: PodObject) => `${metadata.creationTimestamp} ${metadata.uid}`;
  return key(a) < key(b) ? -1 : 1;
}

function isShared(spec: IPersistentVolume["spec"]): boolean {
  return (spec?.accessModes ?? []).some((mode) => mode === "ReadWriteMany" || mode === "ReadOnlyMany");
}

/** So long must an attachment that nobody wants still stay; 0: it may go; Infinity: until the node says something new. */
function heldMs({ spec }: Attachment, { node, volume, now }: AttachFacts): number {
  const object = node(spec.nodeName);
  if (!object || !volume || !object.status?.volumesInUse?.includes(volume.uniqueName)) return 0;
  if (object.spec?.taints?.some(({ key }) => key === "node.kubernetes.io/out-of-service")) return 0;
  const ready = object.status.conditions?.find(({ type }) => type === "Ready");
  if (!ready || ready.status === "True") return Infinity;
  return Math.max(0, Date.parse(ready.lastTransitionTime ?? "") + lostAfterMs - now) || 0;
}

function multiAttach({ attachments }: AttachFacts): string {
  const [first] = attachments;
  const name = first?.spec.source.persistentVolumeName ?? "";
  return `Multi-Attach error for volume "${name}" Volume is already exclusively attached to one node and can't be ` +
    "attached to another";
}

/** What a node's status should name as attached, of all attachments of the node; those that are about to go are left out. */
export function reportOf(
  attachments: readonly Attachment[],
  nameOf: (attachment: Attachment) => string | undefined,
): { name: string; devicePath: string }[] {
  const there = attachments.filter(({ status, metadata }) => status?.attached && !metadata.deletionTimestamp);
  return there.flatMap((one) => nameOf(one) ?? []).toSorted().map((name) => ({ name, devicePath: "" }));
}
