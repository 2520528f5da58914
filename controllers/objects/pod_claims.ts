/** Which claims a pod's volumes use: those that it names, and those that are made for it (ephemeral volumes). Pure. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodSpec } from "kubernetes-models/v1/PodSpec";
import type { Key, Stored } from "../../runtime/schema/mod.ts";

type Volume = NonNullable<IPodSpec["volumes"]>[number];

/** Absent: the volume needs none. An ephemeral volume's claim is named for pod and volume. */
export function claimNameOf(podName: string, { name, persistentVolumeClaim, ephemeral }: Volume): string | undefined {
  return persistentVolumeClaim?.claimName ?? (ephemeral ? `${podName}-${name}` : undefined);
}

export function claimKeysOf({ metadata, spec }: Stored<IPod>): Key[] {
  return (spec?.volumes ?? []).flatMap((volume) => {
    const name = claimNameOf(metadata.name, volume);
    return name === undefined ? [] : [`${metadata.namespace}/${name}`];
  });
}
