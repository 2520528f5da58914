/**
 * Attach and detach: asks drivers' attachers, by VolumeAttachments, to bring volumes to the nodes whose pods need them, and
 * tells the nodes. Keyed by PersistentVolume: what is not a CSI driver's costs nothing.
 *
 * It isn't an attacher: what a VolumeAttachment asks for is done beside the driver.
 */
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import {
  CSIDriver,
  keyOf,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  type Stored,
  VolumeAttachment,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  deleting,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  patching,
  requeueAfter,
  sameJson,
  type Scope,
} from "../runtime/loop/mod.ts";
import { type Attachment, planAttachments, reportOf } from "./attach_detach/plan.ts";
import {
  attachmentName,
  type DriverVolume,
  isAttachable,
  isAttachmentName,
  uniqueName,
} from "./objects/csi_attachment.ts";
import { claimKeysOf } from "./objects/pod_claims.ts";
import { about } from "./objects/pod_template.ts";

type Volumes = Scope<IPersistentVolume>;

const byClaim = "claim";
const byNode = "node";
const byVolume = "volume";

export const attachDetach: Controller = controller(PersistentVolume, {
  name: "attachdetach",
  eventSource: { component: "attachdetach-controller" },
  start: addIndexes,
  watches: [
    mapped(Pod, (pod, context) => claimKeysOf(pod).flatMap((key) => volumeOfClaim(key, context))),
    mapped(PersistentVolumeClaim, ({ spec }) => spec?.volumeName ? [spec.volumeName] : []),
    mapped(VolumeAttachment, (one, context) => [...volumeOf(one), ...volumesOnNode(one.spec.nodeName, context)]),
    mapped(Node, ({ metadata }, context) => volumesOnNode(metadata.name, context)),
    mapped(CSIDriver, ({ metadata }, { informers }) => {
      const volumes = informers.of(PersistentVolume).list();
      return volumes.filter(({ spec }) => spec?.csi?.driver === metadata.name).map(keyOf);
    }),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const { informers, clock } = scope;
    const volume = scope.read(key);
    // What others asked for is theirs to take back.
    const attachments = informers.of(VolumeAttachment).by(byVolume, key).filter(isOwn);
    const driven = volume && driverVolume(volume);
    if (!driven && attachments.length === 0) return done;
    const attachable = driven && isAttachable(informers.of(CSIDriver).get(driven.driver) as ICSIDriver | undefined);
    const claim = volume?.spec?.claimRef;
    const plan = planAttachments({
      volume: attachable ? { spec: volume!.spec, uniqueName: uniqueName(driven) } : undefined,
      pods: claim ? podsOf(volume!, scope) : [],
      attachments,
      node: (name) => informers.of(Node).get(name),
      now: clock.now(),
    });
    for (const { pod, message } of plan.refused) warn(pod, message, scope);
    const asked = plan.attach.map((node) => creating(VolumeAttachment, attachmentFor(driven!, key, node)));
    await scope.apply(asked);
    const going = new Set(plan.detach.map(({ metadata }) => metadata.name));
    for (const node of new Set(attachments.map(({ spec }) => spec.nodeName))) await report(node, going, scope);
    await scope.apply(
      plan.detach.map(({ metadata: { name, uid } }) =>
        deleting(VolumeAttachment, { name }, { preconditions: { uid } })
      ),
    );
    tellFailures(key, attachments, scope);
    return plan.againMs === undefined ? done : requeueAfter(plan.againMs);
  },
});

function addIndexes({ informers }: LoopContext): void {
  informers.of(Pod).addIndex(byClaim, claimKeysOf);
  const attachments = informers.of(VolumeAttachment);
  attachments.addIndex(byNode, ({ spec }) => [spec.nodeName]);
  attachments.addIndex(byVolume, volumeOf);
}

function volumeOf({ spec }: Attachment): string[] {
  return spec.source.persistentVolumeName ? [spec.source.persistentVolumeName] : [];
}

function isOwn({ metadata }: Stored<unknown>): boolean {
  return isAttachmentName(metadata.name);
}

function volumesOnNode(node: string, { informers }: LoopContext): string[] {
  return informers.of(VolumeAttachment).by(byNode, node).flatMap(volumeOf);
}

function volumeOfClaim(key: string, { informers }: LoopContext): string[] {
  const name = informers.of(PersistentVolumeClaim).get(key)?.spec?.volumeName;
  return name ? [name] : [];
}

function driverVolume({ spec }: IPersistentVolume): DriverVolume | undefined {
  return spec?.csi && { driver: spec.csi.driver, handle: spec.csi.volumeHandle };
}

/** Of the claim that the volume is bound to, and of no other of its name. */
function podsOf({ metadata, spec }: Stored<IPersistentVolume>, { informers }: LoopContext) {
  const key = `${spec!.claimRef!.namespace}/${spec!.claimRef!.name}`;
  const claim = informers.of(PersistentVolumeClaim).get(key);
  const bound = claim?.metadata.uid === spec!.claimRef!.uid && claim?.spec?.volumeName === metadata.name;
  return bound ? informers.of(Pod).by(byClaim, key) : [];
}

function attachmentFor(volume: DriverVolume, persistentVolumeName: string, nodeName: string) {
  return {
    apiVersion: "storage.k8s.io/v1" as const,
    kind: "VolumeAttachment" as const,
    metadata: { name: attachmentName(volume, nodeName) },
    spec: { attacher: volume.driver, nodeName, source: { persistentVolumeName } },
  };
}

/** A node that others write to at the same time refuses; it is tried again. */
async function report(nodeName: string, going: ReadonlySet<string>, { informers, apply }: Volumes): Promise<void> {
  const node = informers.of(Node).get(nodeName);
  if (!node) return;
  const staying = informers.of(VolumeAttachment).by(byNode, nodeName).filter(({ metadata }) =>
    !going.has(metadata.name)
  );
  const volumesAttached = reportOf(staying, ({ spec }) => {
    const volume = informers.of(PersistentVolume).get(spec.source.persistentVolumeName ?? "");
    const driven = volume && driverVolume(volume);
    return driven && uniqueName(driven);
  });
  if (sameJson(node.status?.volumesAttached ?? [], volumesAttached)) return;
  const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, status: { volumesAttached } };
  await apply([patching(Node, { name: nodeName }, { type: "merge", body }, { subresource: "status" })]);
}

/** What an attacher could not do is told to the pods that wait for it. */
function tellFailures(name: string, attachments: readonly Attachment[], scope: Volumes): void {
  const volume = scope.read(name);
  if (!volume?.spec?.claimRef) return;
  for (const { spec, status } of attachments) {
    const reason = status?.attachError?.message;
    if (!reason || status?.attached) continue;
    const waiting = podsOf(volume, scope).filter((pod) => pod.spec?.nodeName === spec.nodeName);
    for (const pod of waiting) warn(pod, `AttachVolume.Attach failed for volume "${name}" : ${reason}`, scope);
  }
}

function warn(pod: Parameters<typeof about>[0]["object"], message: string, { recorder }: Volumes): void {
  recorder.event(about({ kind: Pod, object: pod }), "Warning", "FailedAttachVolume", message);
}
