/**
 * The local provisioner: a claim of its class gets a folder of the node that the scheduler chose for its first pod. The loop
 * writes volumes; folders are the nodes' affair (made when first mounted, removed by `localFolders`).
 *
 * It isn't a quota: a volume's capacity is what was asked for, and the disk is shared.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IStorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
import {
  compareQuantities,
  isReason,
  keyOf,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  refOf,
  StorageClass,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  creating,
  done,
  mapped,
  type Outcome,
  patching,
  reads,
  type Scope,
} from "../runtime/loop/mod.ts";
import {
  affinityTo,
  folderAnnotation,
  folderFinalizer,
  isLocal,
  localProvisionerName,
  provisionedBy,
} from "./local_provisioner/names.ts";

type Claim = Stored<IPersistentVolumeClaim>;

const provisionerAnnotation = "volume.kubernetes.io/storage-provisioner";
const selectedNode = "volume.kubernetes.io/selected-node";

export const localProvisioner: Controller = controller(PersistentVolumeClaim, {
  name: "local-provisioner",
  eventSource: { component: localProvisionerName },
  watches: [
    mapped(PersistentVolume, ({ spec }) => spec?.claimRef ? [`${spec.claimRef.namespace}/${spec.claimRef.name}`] : []),
    reads(Node),
    reads(StorageClass),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const claim = scope.read(key);
    if (!claim?.spec || claim.metadata.deletionTimestamp) return done;
    if (claim.status?.phase === "Bound") await grow(claim, scope);
    else if (!claim.spec.volumeName && isAsked(claim)) await provision(claim, scope);
    return done;
  },
});

function isAsked({ metadata: { annotations = {} } }: Claim): boolean {
  return annotations[provisionerAnnotation] === localProvisionerName;
}

async function provision(claim: Claim, scope: Scope<IPersistentVolumeClaim>): Promise<void> {
  const { informers, apply, recorder } = scope;
  const node = nodeFor(claim, informers.of(Node).list());
  const storageClass = informers.of(StorageClass).get(claim.spec!.storageClassName ?? "");
  const refusal = refuse(claim, node);
  if (refusal !== undefined) {
    recorder.event(about(claim), "Warning", "ProvisioningFailed", refusal);
    // The scheduler may choose another node then.
    const body = { metadata: { annotations: { [selectedNode]: null } } };
    if (claim.metadata.annotations?.[selectedNode]) {
      await apply([patching(PersistentVolumeClaim, refOf(keyOf(claim)), { type: "merge", body })]);
    }
    return;
  }
  const volume = volumeFor(claim, node!, storageClass);
  try {
    await apply([creating(PersistentVolume, volume)]);
  } catch (error) {
    if (isReason(error, "AlreadyExists")) return;
    throw error;
  }
  const message = `Successfully provisioned volume ${volume.metadata!.name}`;
  recorder.event(about(claim), "Normal", "ProvisioningSucceeded", message);
}

/** A class that binds at once leaves the choice to us: the node with the first name. */
function nodeFor({ metadata }: Claim, nodes: readonly Stored<INode>[]): Stored<INode> | undefined {
  const selected = metadata.annotations?.[selectedNode];
  if (selected !== undefined) return nodes.find(({ metadata }) => metadata.name === selected);
  const able = nodes.filter(({ metadata, spec }) => metadata.annotations?.[folderAnnotation] && !spec?.unschedulable);
  return able.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))[0];
}

function refuse({ spec }: Claim, node: Stored<INode> | undefined): string | undefined {
  const shared = spec?.accessModes?.find((mode) => mode !== "ReadWriteOnce" && mode !== "ReadWriteOncePod");
  if (shared !== undefined) return `a volume of one node does not support access mode ${shared}`;
  if (spec?.volumeMode === "Block") return "volumes of mode Block are not supported";
  if (spec?.dataSource || spec?.dataSourceRef) return "volumes with a data source are not supported";
  if (!node) return "no node is there to keep the volume";
  if (!node.metadata.annotations?.[folderAnnotation]) return `node ${node.metadata.name} keeps no local volumes`;
  return undefined;
}

export function volumeFor(claim: Claim, node: Stored<INode>, storageClass?: IStorageClass): IPersistentVolume {
  const name = `pvc-${claim.metadata.uid}`;
  const { accessModes, resources, storageClassName, volumeMode } = claim.spec!;
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: {
      name,
      annotations: { [provisionedBy]: localProvisionerName },
      finalizers: [folderFinalizer],
    },
    spec: {
      accessModes,
      capacity: { storage: resources!.requests!.storage! },
      claimRef: {
        kind: "PersistentVolumeClaim",
        apiVersion: "v1",
        name: claim.metadata.name,
        namespace: claim.metadata.namespace!,
        uid: claim.metadata.uid,
        resourceVersion: claim.metadata.resourceVersion,
      },
      local: { path: `${node.metadata.annotations![folderAnnotation]}/${name}` },
      nodeAffinity: affinityTo(node),
      persistentVolumeReclaimPolicy: storageClass?.reclaimPolicy ?? "Delete",
      storageClassName,
      volumeMode,
    },
  };
}

/** Nothing holds a folder to a size: growing is a matter of words, the volume's first. */
async function grow(claim: Claim, { informers, apply, status }: Scope<IPersistentVolumeClaim>): Promise<void> {
  const wanted = claim.spec?.resources?.requests?.storage;
  const volume = informers.of(PersistentVolume).get(claim.spec?.volumeName ?? "");
  if (wanted === undefined || !volume || !isLocal(volume)) return;
  const isLess = (amount: string | number | undefined) => compareQuantities(amount ?? "0", wanted) < 0;
  if (isLess(volume.spec?.capacity?.storage)) {
    const body = { spec: { capacity: { storage: String(wanted) } } };
    await apply([patching(PersistentVolume, { name: volume.metadata.name }, { type: "merge", body })]);
  }
  if (!isLess(claim.status?.capacity?.storage)) return;
  await status(claim, { ...claim.status, capacity: { ...claim.status?.capacity, storage: wanted } });
}

function about(claim: Claim) {
  return { ...claim, apiVersion: "v1", kind: "PersistentVolumeClaim" };
}
