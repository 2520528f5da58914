/**
 * What a pod does that runs nothing: it starts and is ready at once, a Job's pod succeeds at once, and one that is told to
 * go is gone at once. Pure.
 *
 * Source: "Pod Lifecycle" (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/); what kwok's fast stages do.
 */
import type { IContainer } from "kubernetes-models/v1/Container";
import type { IContainerStatus } from "kubernetes-models/v1/ContainerStatus";
import type { IPod } from "kubernetes-models/v1/Pod";
import { type Condition, timestamp } from "../objects/conditions.ts";
import { isFinished, isGoing, isReady, type PodObject } from "../objects/pod_state.ts";

type PodStatus = NonNullable<IPod["status"]>;

export type PodStep = { readonly do: "write"; readonly status: PodStatus } | { readonly do: "remove" };

export interface PodWorld {
  readonly now: number;
  readonly hostIp?: string;
  /** Asked only when the pod needs one; undefined when none is left. */
  readonly address: () => string | undefined;
}

export function stepOf(pod: PodObject, world: PodWorld): PodStep | undefined {
  if (isGoing(pod)) return leave(pod, world);
  if (isFinished(pod)) return undefined;
  if (pod.status?.phase !== "Running") return start(pod, world);
  if (pod.metadata.ownerReferences?.some(({ kind }) => kind === "Job")) return ended(pod, world);
  // The usual pod of a node that is asked for another one's sake: what follows costs more than this question.
  if (isReady(pod) && !pod.spec?.readinessGates?.length) return undefined;
  const conditions = readyConditions(pod, timestamp(world.now));
  const isNews = conditions.some(({ type, status }) => conditionOf(pod, type)?.status !== status);
  return isNews ? { do: "write", status: { ...pod.status, conditions } } : undefined;
}

/** Those whose finalizers keep the pod are told first how it ended. */
function leave(pod: PodObject, world: PodWorld): PodStep {
  const isKept = (pod.metadata.finalizers ?? []).length > 0;
  return isKept && !isFinished(pod) ? ended(pod, world) : { do: "remove" };
}

function ended(pod: PodObject, { now }: PodWorld): PodStep {
  const at = timestamp(now);
  const conditions = readyConditions(pod, at).map((condition) =>
    condition.type === "Ready" || condition.type === "ContainersReady"
      ? { ...condition, status: "False", reason: "PodCompleted", lastTransitionTime: at }
      : condition
  );
  const containerStatuses = (pod.spec?.containers ?? []).map((container) => completed(container, pod, at));
  return { do: "write", status: { ...pod.status, phase: "Succeeded", conditions, containerStatuses } };
}

function start(pod: PodObject, world: PodWorld): PodStep | undefined {
  const ip = pod.spec?.hostNetwork ? world.hostIp : world.address();
  return ip === undefined ? undefined : { do: "write", status: running(pod, ip, world) };
}

function running(pod: PodObject, ip: string, { now, hostIp }: PodWorld): PodStatus {
  const at = timestamp(now);
  const { initContainers = [], containers = [] } = pod.spec ?? {};
  return {
    ...pod.status,
    phase: "Running",
    startTime: pod.status?.startTime ?? at,
    ...(hostIp ? { hostIP: hostIp, hostIPs: [{ ip: hostIp }] } : {}),
    podIP: ip,
    podIPs: [{ ip }],
    conditions: readyConditions(pod, at),
    containerStatuses: containers.map((container) => started(container, at)),
    ...(initContainers.length > 0
      ? {
        initContainerStatuses: initContainers.map((container) =>
          container.restartPolicy === "Always"
            ? started(container, at)
            : { ...completed(container, pod, at), ready: true }
        ),
      }
      : {}),
  };
}

/** A readiness gate that nobody has answered keeps the pod from being ready, as it would on a machine. */
function readyConditions(pod: PodObject, at: string): Condition[] {
  const gates = pod.spec?.readinessGates ?? [];
  const open = gates.every(({ conditionType }) => conditionOf(pod, conditionType)?.status === "True");
  const wanted: readonly Condition[] = [
    { type: "PodReadyToStartContainers", status: "True" },
    { type: "Initialized", status: "True" },
    open
      ? { type: "Ready", status: "True" }
      : { type: "Ready", status: "False", reason: "ReadinessGatesNotReady", message: "a readiness gate is not True" },
    { type: "ContainersReady", status: "True" },
  ];
  const others = (pod.status?.conditions ?? []).filter(({ type }) => !wanted.some((one) => one.type === type));
  const ours = wanted.map((one) => {
    const before = conditionOf(pod, one.type);
    return before?.status === one.status ? before : { ...one, lastTransitionTime: at };
  });
  return [...others, ...ours];
}

function conditionOf(pod: PodObject, wanted: string): Condition | undefined {
  return pod.status?.conditions?.find(({ type }) => type === wanted);
}

function started({ name, image = "" }: IContainer, at: string): IContainerStatus {
  const state = { running: { startedAt: at } };
  return {
    name,
    image,
    imageID: "",
    containerID: `fake://${name}`,
    restartCount: 0,
    ready: true,
    started: true,
    state,
  };
}

function completed({ name, image = "" }: IContainer, { status }: PodObject, at: string): IContainerStatus {
  const terminated = { exitCode: 0, reason: "Completed", startedAt: status?.startTime ?? at, finishedAt: at };
  return {
    ...{ name, image, imageID: "", containerID: `fake://${name}`, restartCount: 0, ready: false, started: false },
    state: { terminated },
  };
}
