/** Short names for the parts of a pod that the node agent works with. */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { Stored } from "../../../runtime/schema/mod.ts";

export type Pod = Stored<IPod>;
export type PodSpec = NonNullable<IPod["spec"]>;
export type PodStatus = NonNullable<IPod["status"]>;
export type Container = PodSpec["containers"][number];
export type EphemeralContainer = NonNullable<PodSpec["ephemeralContainers"]>[number];
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

/** What somebody looks into the pod with: started once, never again, and of no weight for the pod's phase. */
export function ephemeralContainersOf(pod: Pod): readonly EphemeralContainer[] {
  return specOf(pod).ephemeralContainers ?? [];
}

/** What the pod itself is made of: init containers first, as they start. */
export function ownContainersOf(pod: Pod): readonly Container[] {
  return [...initContainersOf(pod), ...specOf(pod).containers];
}

/** Those that run side by side once the pod has begun. */
export function lastingContainersOf(pod: Pod): readonly Container[] {
  return [...specOf(pod).containers, ...initContainersOf(pod).filter(isSidecar)];
}

export function allContainersOf(pod: Pod): readonly Container[] {
  return [...ownContainersOf(pod), ...ephemeralContainersOf(pod)];
}

/** What the API server last heard of the pod's containers. */
export function statusesOf({ status }: Pod): readonly ContainerStatus[] {
  const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
}

export function isTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** `spec.containers{web}`: how Events point at a container. */
export function fieldPathOf(pod: Pod, name: string): string {
  const lists = ["initContainers", "ephemeralContainers"] as const;
  const list = lists.find((one) => specOf(pod)[one]?.some((container) => container.name === name)) ?? "containers";
  return `spec.${list}{${name}}`;
}
