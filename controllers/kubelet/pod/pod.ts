/** Short names for the parts of a pod that the node agent works with. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Stored } from "../../../runtime/schema/mod.ts";

export type Pod = Stored<IPod>;
export type PodSpec = NonNullable<IPod["spec"]>;
export type PodStatus = NonNullable<IPod["status"]>;
export type Container = PodSpec["containers"][number];
export type ContainerStatus = NonNullable<PodStatus["containerStatuses"]>[number];
export type PodCondition = NonNullable<PodStatus["conditions"]>[number];
export type Volume = NonNullable<PodSpec["volumes"]>[number];
export type VolumeMount = NonNullable<Container["volumeMounts"]>[number];
export type Probe = NonNullable<Container["livenessProbe"]>;
export type LifecycleHandler = NonNullable<NonNullable<Container["lifecycle"]>["postStart"]>;

export function specOf(pod: Pod): PodSpec {
  return pod.spec ?? { containers: [] };
}

/** A restartable init container: started in order with the others, then kept running beside the app. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

export function initContainersOf(pod: Pod): readonly Container[] {
  return specOf(pod).initContainers ?? [];
}

/** Init containers first, as they start. */
export function allContainersOf(pod: Pod): readonly Container[] {
  return [...initContainersOf(pod), ...specOf(pod).containers];
}

/** What decides whether an ended container of the app runs again. */
export function restartPolicyOf(pod: Pod, container: Container): string {
  return container.restartPolicy ?? specOf(pod).restartPolicy ?? "Always";
}

export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** `spec.containers{web}`: how Events point at a container. */
export function fieldPathOf(pod: Pod, name: string): string {
  const list = initContainersOf(pod).some((container) => container.name === name) ? "initContainers" : "containers";
  return `spec.${list}{${name}}`;
}
