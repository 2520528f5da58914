/** What upstream fills in for Deployments, ReplicaSets, DaemonSets, StatefulSets and ReplicationControllers. */
import type { IDaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IReplicationController } from "kubernetes-models/v1/ReplicationController";
import { fill } from "./fill.ts";
import { defaultPodTemplate } from "./pod.ts";
import { defaultClaim } from "./storage.ts";

export function defaultDeployment({ spec }: IDeployment): void {
  if (!spec) return;
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const strategy = spec.strategy ??= {};
  fill(strategy, { type: "RollingUpdate" });
  if (strategy.type === "RollingUpdate") {
    fill(strategy.rollingUpdate ??= {}, { maxUnavailable: "25%", maxSurge: "25%" });
  }
  defaultPodTemplate(spec.template);
}

export function defaultReplicaSet({ spec }: IReplicaSet): void {
  if (!spec) return;
  fill(spec, { replicas: 1 });
  defaultPodTemplate(spec.template);
}

export function defaultDaemonSet({ spec }: IDaemonSet): void {
  if (!spec) return;
  fill(spec, { revisionHistoryLimit: 10 });
  const strategy = spec.updateStrategy ??= {};
  fill(strategy, { type: "RollingUpdate" });
  if (strategy.type === "RollingUpdate") fill(strategy.rollingUpdate ??= {}, { maxUnavailable: 1, maxSurge: 0 });
  defaultPodTemplate(spec.template);
}

export function defaultStatefulSet({ spec }: IStatefulSet): void {
  if (!spec) return;
  fill(spec, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: "OrderedReady" });
  const strategy = spec.updateStrategy ??= {};
  fill(strategy, { type: "RollingUpdate" });
  if (strategy.type === "RollingUpdate") fill(strategy.rollingUpdate ??= {}, { partition: 0 });
  fill(spec.persistentVolumeClaimRetentionPolicy ??= {}, { whenDeleted: "Retain", whenScaled: "Retain" });
  for (const claim of spec.volumeClaimTemplates ?? []) {
    fill(claim, { apiVersion: "v1", kind: "PersistentVolumeClaim" });
    defaultClaim(claim);
  }
  defaultPodTemplate(spec.template);
}

export function defaultReplicationController(controller: IReplicationController): void {
  const spec = controller.spec;
  if (!spec) return;
  const labels = spec.template?.metadata?.labels;
  if (labels) {
    fill(spec, { selector: { ...labels } });
    controller.metadata ??= {};
    fill(controller.metadata, { labels: { ...labels } });
  }
  fill(spec, { replicas: 1 });
  defaultPodTemplate(spec.template);
}
