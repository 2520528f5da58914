/** Whether a volume is attached to this node, and what the attacher says of it. The waiting pod is due when the Node changes. */
import { keyOf, Node, VolumeAttachment } from "../../../../runtime/schema/mod.ts";
import { attachmentName, uniqueName } from "../../../objects/csi_attachment.ts";
import type { Pod } from "../../pod/pod.ts";
import type { ObjectCache } from "../object_cache.ts";
import { MountError } from "../payload.ts";
import type { CsiVolume } from "./csi_volume.ts";

export interface AttachmentFacts {
  readonly objects: ObjectCache;
  readonly nodeName: string;
}

/** Returns the publish context. Throws a `MountError` until it is attached. */
export async function attachment(
  { objects, nodeName }: AttachmentFacts,
  pod: Pod,
  volume: CsiVolume,
): Promise<Readonly<Record<string, string>>> {
  const node = await objects.get(Node, { name: nodeName }, keyOf(pod));
  const name = attachmentName(volume, nodeName);
  const found = await objects.options.client.get(VolumeAttachment, { name });
  const told = node?.status?.volumesAttached?.some((one) => one.name === uniqueName(volume)) ?? false;
  if (told && found?.status?.attached && !found.metadata.deletionTimestamp) {
    return found.status.attachmentMetadata ?? {};
  }
  const reason = found?.status?.attachError?.message;
  throw new MountError(
    `Volume not attached according to node status for volume "${volume.name}" (UniqueName: "${uniqueName(volume)}") ` +
      `pod "${pod.metadata.name}" node: "${nodeName}"${reason ? `: ${reason}` : ""}`,
  );
}
