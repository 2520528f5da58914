/**
 * Volumes decide where a pod can be: those that its claims have, and those that they could get there. Claims that wait for
 * their first consumer get theirs when the node is chosen, before the pod is bound to it.
 *
 * Source: Kubernetes docs, "Storage Classes", volume binding mode; "Node-specific Volume" node affinity.
 */
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import { compileLabelSelector, type Key } from "../../../runtime/schema/mod.ts";
import { chooseVolume, type ClaimObject, storageClassOf, type VolumeObject } from "../../persistent_volume/plan.ts";
import type { NodeState } from "../node_state.ts";
import { type FilterPlugin, isOwnClaim, nowhere } from "../plugin.ts";
import type { StorageView } from "../storage_view.ts";
import { requiredNodes } from "./node_selector.ts";
import { roomFor } from "./storage_capacity.ts";

const noProvisioner = "kubernetes.io/no-provisioner";

export const volumeBinding: FilterPlugin = {
  name: "VolumeBinding",
  helpedBy: ["nodeAdded", "nodeChanged", "volumeChanged"],
  helps: isOwnClaim,
  prepare(pod, { storage }) {
    const keys = pod.claims;
    if (keys.length === 0) return undefined;
    const refusal = refuse(keys, storage);
    if (refusal) return nowhere(refusal);
    const claims = keys.map((key) => storage.claim(key)!).map((claim) => ({ claim, hasRoom: roomFor(claim, storage) }));
    return (node) => {
      for (const wanted of claims) {
        const reason = refuseNode(wanted, node, storage);
        if (reason) return [reason];
      }
      return undefined;
    };
  },
};

/** Reasons that hold for every node. */
function refuse(keys: readonly Key[], storage: StorageView): string | undefined {
  for (const key of keys) {
    const claim = storage.claim(key);
    const name = key.slice(key.indexOf("/") + 1);
    if (!claim) return `persistentvolumeclaim "${name}" not found`;
    if (claim.status?.phase === "Lost") return `persistentvolumeclaim "${name}" bound to non-existent persistentvolume`;
    if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${name}" is being deleted`;
    if (!isBound(claim) && !waits(claim, storage)) return "pod has unbound immediate PersistentVolumeClaims";
  }
  return undefined;
}

function waits(claim: ClaimObject, storage: StorageView): boolean {
  if (claim.spec?.volumeName) return false;
  return storage.storageClass(storageClassOf(claim))?.volumeBindingMode === "WaitForFirstConsumer";
}

export function isBound({ spec, metadata }: ClaimObject): boolean {
  return Boolean(spec?.volumeName) && metadata.annotations?.["pv.kubernetes.io/bind-completed"] !== undefined;
}

interface Wanted {
  readonly claim: ClaimObject;
  /** Absent: a new volume has room on every node. */
  readonly hasRoom?: (node: NodeState) => boolean;
}

function refuseNode({ claim, hasRoom }: Wanted, node: NodeState, storage: StorageView): string | undefined {
  if (isBound(claim)) {
    const volume = storage.volume(claim.spec!.volumeName!);
    if (!volume) return "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    return reaches(volume, node) ? undefined : "node(s) didn't match PersistentVolume's node affinity";
  }
  if (volumeFor(claim, node, storage)) return undefined;
  if (!couldMake(storage.storageClass(storageClassOf(claim)), node)) {
    return "node(s) didn't find available persistent volumes to bind";
  }
  return hasRoom && !hasRoom(node) ? "node(s) did not have enough free storage" : undefined;
}

function reaches({ spec }: VolumeObject, node: NodeState): boolean {
  const required = spec?.nodeAffinity?.required;
  if (!required) return true;
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  return requiredNodes({ containers: [], affinity })!(node);
}

/** A volume that is there already and that nobody else is about to get. */
export function volumeFor(claim: ClaimObject, { node }: NodeState, storage: StorageView): VolumeObject | undefined {
  const { reserved } = storage;
  const free = storage.volumes().filter(({ metadata }) =>
    (reserved.get(metadata.name) ?? claim.metadata.uid) === claim.metadata.uid
  );
  return chooseVolume(claim, free, node);
}

function couldMake(storageClass: IStorageClass | undefined, { labels }: NodeState): boolean {
  if (!storageClass || storageClass.provisioner === noProvisioner) return false;
  const topologies = storageClass.allowedTopologies ?? [];
  return topologies.length === 0 || topologies.some(({ matchLabelExpressions = [] }) => {
    const matchExpressions = matchLabelExpressions.map(({ key, values }) => ({ key, operator: "In", values }));
    return compileLabelSelector({ matchExpressions })(labels);
  });
}
