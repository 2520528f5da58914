/** From a pod's volume to the PersistentVolume behind its claim. The pod waits until the two are bound to each other. */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { Client } from "../../../runtime/loop/mod.ts";
import { PersistentVolume, PersistentVolumeClaim, type Stored } from "../../../runtime/schema/mod.ts";
import { claimNameOf } from "../../objects/pod_claims.ts";
import type { Pod, Volume } from "../pod/pod.ts";
import { MountError } from "./payload.ts";

export interface Claimed {
  readonly claim: Stored<IPersistentVolumeClaim>;
  readonly found: Stored<IPersistentVolume>;
}

/** Throws a `MountError` in upstream's words while there is nothing to mount. */
export async function claimedVolume(pod: Pod, volume: Volume, client: Client): Promise<Claimed> {
  const { namespace } = pod.metadata;
  const name = claimNameOf(pod.metadata.name, volume)!;
  const claim = await client.get(PersistentVolumeClaim, { namespace, name });
  const bound = boundName(pod, volume, { claim, name });
  const found = await client.get(PersistentVolume, { name: bound });
  if (!found) {
    throw new MountError(`failed to fetch PV "${bound}" from API server: persistentvolume "${bound}" not found`);
  }
  if (found.spec?.claimRef?.uid !== claim!.metadata.uid) {
    throw new MountError(`PVC ${namespace}/${name} is not bound to PV "${bound}": the PV belongs to another claim`);
  }
  return { claim: claim!, found };
}

interface Asked {
  readonly claim: Stored<IPersistentVolumeClaim> | undefined;
  readonly name: string;
}

function boundName(pod: Pod, { ephemeral }: Volume, { claim, name }: Asked): string {
  const where = `${pod.metadata.namespace}/${name}`;
  if (!claim) throw new MountError(`error processing PVC ${where}: persistentvolumeclaim "${name}" not found`);
  const owned = claim.metadata.ownerReferences?.some(({ uid, controller }) => controller && uid === pod.metadata.uid);
  if (ephemeral && !owned) {
    const { namespace, name: podName } = pod.metadata;
    throw new MountError(`PVC ${where} was not created for pod ${namespace}/${podName} (pod is not owner)`);
  }
  if (claim.metadata.deletionTimestamp) throw new MountError(`error processing PVC ${where}: PVC is being deleted`);
  const { volumeName } = claim.spec ?? {};
  if (claim.status?.phase !== "Bound" || !volumeName) {
    throw new MountError(`error processing PVC ${where}: PVC is not bound`);
  }
  return volumeName;
}
