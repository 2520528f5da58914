/** What the local provisioner's parts agree on: names, and how a volume says on which node it is. Pure. */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";

/** `provisioner` of the StorageClass. */
export const localProvisionerName = "local.d8s.io";

/** Annotation of a Node: the folder below which it keeps such volumes. */
export const folderAnnotation = "local.d8s.io/folder";

/** Finalizer of a volume whose folder is there until its node has removed it. */
export const folderFinalizer = "local.d8s.io/folder";

export const provisionedBy = "pv.kubernetes.io/provisioned-by";

const hostname = "kubernetes.io/hostname";

export function isLocal({ metadata }: IPersistentVolume): boolean {
  return metadata?.annotations?.[provisionedBy] === localProvisionerName;
}

/** The scheduler sends pods with the volume to this node. */
export function affinityTo({ metadata }: INode): NonNullable<IPersistentVolume["spec"]>["nodeAffinity"] {
  const values = [metadata?.labels?.[hostname] ?? metadata!.name!];
  return { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: hostname, operator: "In", values }] }] } };
}

/** `kubernetes.io/hostname` of the node that has the volume. */
export function hostOf({ spec }: IPersistentVolume): string | undefined {
  const rules = spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions ?? [];
  return rules.find(({ key }) => key === hostname)?.values?.[0];
}
