/** Which functions validate what is written to `status`, beyond what validates the whole object. */
import type { INamespace } from "kubernetes-models/v1/Namespace";
import type { INode } from "kubernetes-models/v1/Node";
import type { KubeObject } from "../object.ts";
import { validateIngressStatus, validateServiceStatus } from "./address_status.ts";
import { validateClaimStatus, validateResourceClaimStatus } from "./claim_status.ts";
import { validateJobStatus } from "./job_status.ts";
import { validatePodStatus } from "./pod_status.ts";
import type { Report } from "./report.ts";
import * as counts from "./status_counts.ts";

export type StatusValidator = (object: KubeObject, old: KubeObject, report: Report) => void;

/** Every function takes its own kind; the key beside it says that this object is one. */
function row<A, B>(name: string, check: (object: A, old: B, report: Report) => void): [string, StatusValidator] {
  return [name, check as unknown as StatusValidator];
}

export const statusValidators: ReadonlyMap<string, StatusValidator> = new Map([
  row("v1 Namespace", validateNamespaceStatus),
  row("v1 Node", validateNodeStatus),
  row("v1 PersistentVolumeClaim", validateClaimStatus),
  row("v1 Pod", validatePodStatus),
  row("v1 ReplicationController", counts.replicaSetStatus),
  row("v1 Service", validateServiceStatus),
  row("admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy", counts.conditionsStatus),
  row("apps/v1 DaemonSet", counts.daemonSetStatus),
  row("apps/v1 Deployment", counts.deploymentStatus),
  row("apps/v1 ReplicaSet", counts.replicaSetStatus),
  row("apps/v1 StatefulSet", counts.statefulSetStatus),
  row("autoscaling/v2 HorizontalPodAutoscaler", counts.autoscalerStatus),
  row("batch/v1 Job", validateJobStatus),
  row("networking.k8s.io/v1 Ingress", validateIngressStatus),
  row("policy/v1 PodDisruptionBudget", counts.disruptionBudgetStatus),
  row("resource.k8s.io/v1 ResourceClaim", validateResourceClaimStatus),
]);

function validateNamespaceStatus({ metadata, status }: INamespace, _old: INamespace, report: Report): void {
  const ends = metadata?.deletionTimestamp !== undefined;
  const phase = status?.phase || (ends ? "Terminating" : "Active");
  if (phase === (ends ? "Terminating" : "Active")) return;
  const words = ends
    ? "may only be 'Terminating' if `deletionTimestamp` is not empty"
    : "may only be 'Active' if `deletionTimestamp` is empty";
  report.at("status", "Phase").invalid(phase, words);
}

function validateNodeStatus({ status }: INode, _old: INode, report: Report): void {
  const addresses = status?.addresses ?? [];
  addresses.forEach(({ type, address }, i) => {
    const first = addresses.findIndex((other) => other.type === type && other.address === address);
    if (first < i) report.at("status", "addresses", i).duplicate({ Type: type, Address: address });
  });
}
