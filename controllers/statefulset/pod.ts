/** The pod of an ordinal: its name, its labels, its host name and its disks. Pure. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { StatefulSet } from "../../runtime/schema/mod.ts";
import { revisionLabel, type RevisionObject } from "../objects/controller_revisions.ts";
import { podOf } from "../objects/pod_template.ts";
import { claimName, podName, type StatefulSetObject } from "./claims.ts";

export function identityLabels(object: StatefulSetObject, ordinal: number): Record<string, string> {
  return {
    "statefulset.kubernetes.io/pod-name": podName(object, ordinal),
    "apps.kubernetes.io/pod-index": String(ordinal),
  };
}

export function statefulPod(object: StatefulSetObject, ordinal: number, revision: RevisionObject): IPod {
  const kept = revision.data as { spec: { template: NonNullable<IStatefulSet["spec"]>["template"] } };
  const { $patch: _patch, ...template } = kept.spec.template as typeof kept.spec.template & { $patch?: string };
  const pod = podOf({ kind: StatefulSet, object }, template);
  const name = podName(object, ordinal);
  delete pod.metadata!.generateName;
  pod.metadata!.name = name;
  pod.metadata!.labels = {
    ...pod.metadata!.labels,
    ...identityLabels(object, ordinal),
    [revisionLabel]: revision.metadata.name,
  };
  const volumes = (object.spec!.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata!.name!,
    persistentVolumeClaim: { claimName: claimName(metadata!.name!, name) },
  }));
  const others = (pod.spec!.volumes ?? []).filter((volume) => !volumes.some((one) => one.name === volume.name));
  if (volumes.length + others.length > 0) pod.spec!.volumes = [...volumes, ...others];
  pod.spec!.hostname = name;
  if (object.spec!.serviceName) pod.spec!.subdomain = object.spec!.serviceName;
  return pod;
}
