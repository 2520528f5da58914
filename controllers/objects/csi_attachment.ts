/**
 * What the loop that attaches volumes and the nodes that wait for them must compute alike. Pure.
 *
 * Source: https://kubernetes-csi.github.io/docs/external-attacher.html; upstream's names, which other parts of the world know.
 */
import { createHash } from "node:crypto";
import type { ICSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";

/** What a driver is asked to work on. */
export interface DriverVolume {
  readonly driver: string;
  readonly handle: string;
}

/** How a Node's status names the volume. */
export function uniqueName({ driver, handle }: DriverVolume): string {
  return `kubernetes.io/csi/${driver}^${handle}`;
}

/** Of the VolumeAttachment for the volume on the node. */
export function attachmentName({ driver, handle }: DriverVolume, nodeName: string): string {
  return `csi-${sha256(`${handle}${driver}${nodeName}`)}`;
}

/** Is it one that `attachmentName` makes? */
export function isAttachmentName(name: string): boolean {
  return /^csi-[0-9a-f]{64}$/.test(name);
}

/** Without a CSIDriver object attaching is required, as upstream has it. */
export function isAttachable(policy: ICSIDriver | undefined): boolean {
  return policy?.spec.attachRequired ?? true;
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
