/** `containerStatuses[]` from docker's facts. Pure. */
import type { Observed } from "../container/identity.ts";
import type { Verdict, Waiting } from "./pod_plan.ts";
import {
  allContainersOf,
  type Container,
  type ContainerStatus,
  initContainersOf,
  isSidecar,
  type Pod,
  statusesOf,
} from "./pod.ts";
import { fitMessage } from "./message_room.ts";
import { resizeOf } from "./resize.ts";
import { mayRunAgain } from "./restart_rules.ts";
import { rfc3339 } from "./rfc3339.ts";

export interface StatusFacts {
  readonly pod: Pod;
  readonly observed: readonly Observed[];
  readonly verdict: (containerId: string) => Verdict;
  readonly waiting: ReadonlyMap<string, Waiting>;
  /** What an ended container left in its termination message, by id. */
  readonly messages: ReadonlyMap<string, string>;
  /** `repository@sha256:...` or the id of an image, by the id. */
  readonly imageName: (imageId: string) => string;
  /** Who the first process of a container began as, by the container's id. */
  readonly users: ReadonlyMap<string, ProcessUser>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** `containerStatuses[].user.linux` */
export type ProcessUser = NonNullable<NonNullable<ContainerStatus["user"]>["linux"]>;

type State = NonNullable<ContainerStatus["state"]>;

export function containerStatuses(facts: StatusFacts): ContainerStatus[] {
  return allContainersOf(facts.pod).map((container) => containerStatus(facts, container));
}

function containerStatus(facts: StatusFacts, container: Container): ContainerStatus {
  const attempts = facts.observed.filter((one) => !one.isSandbox && one.name === container.name);
  const latest = attempts.findLast(({ state }) => state.startedAt !== "" || state.error !== "");
  const before = statusBefore(facts.pod, container.name);
  if (!latest) return unseen(facts, container, before);
  const waiting = mayWait(facts.pod, container, latest) ? facts.waiting.get(container.name) : undefined;
  const previous = waiting ? latest : attempts.findLast((one) => one.attempt < latest.attempt);
  const verdict = facts.verdict(latest.state.id);
  const running = latest.state.status === "running";
  const doneInit = isInit(facts.pod, container) && !isSidecar(container);
  return {
    name: container.name,
    state: waiting ? { waiting } : stateOf(facts, latest),
    lastState: previous ? stateOf(facts, previous) : lastStateBefore(attempts, before),
    ready: doneInit ? latest.state.status === "exited" && latest.state.exitCode === 0 : running && verdict.ready,
    started: running && verdict.started,
    restartCount: latest.attempt,
    image: latest.state.image,
    imageID: facts.imageName(latest.state.imageId),
    containerID: `docker://${latest.state.id}`,
    ...resourcesInForce(facts.pod, container, { latest, before }),
    ...mountsOf(container),
    ...stopSignalOf(latest),
    ...userOf(facts, latest, before),
  };
}

function mayWait(pod: Pod, container: Container, { state }: Observed): boolean {
  return state.status === "created" || state.status === "exited" && mayRunAgain(pod, container, state);
}

function isInit(pod: Pod, container: Container): boolean {
  return initContainersOf(pod).some(({ name }) => name === container.name);
}

/** Docker has nothing (any more): what the API server knows of an ended pod stays true. */
function unseen({ pod, waiting }: StatusFacts, container: Container, before?: ContainerStatus): ContainerStatus {
  if (before?.state?.terminated) return before;
  const hasInit = initContainersOf(pod).length > 0;
  const gone = before?.state?.running && pod.metadata.deletionTimestamp;
  const reason = hasInit ? "PodInitializing" : "ContainerCreating";
  return {
    name: container.name,
    state: gone ? { terminated: lostState(before) } : { waiting: waiting.get(container.name) ?? { reason } },
    lastState: gone ? before.lastState ?? {} : lastStateBefore([], before),
    ready: false,
    started: false,
    restartCount: before?.restartCount ?? 0,
    image: container.image ?? "",
    imageID: before?.imageID ?? "",
    ...(before?.containerID && { containerID: before.containerID }),
    ...resourcesOf(container),
    ...mountsOf(container),
  };
}

/** `recursiveReadOnly` is told of what is read-only; docker makes no mount below it so. */
function mountsOf({ volumeMounts = [] }: Container): Partial<ContainerStatus> {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly, recursiveReadOnly: "Disabled" }),
    })),
  };
}

/** An image may name its signal as `QUIT`, or by a number, which has no name in the API. */
function stopSignalOf({ state }: Observed): Partial<ContainerStatus> {
  const name = state.stopSignal.replace(/^SIG/, "");
  if (/^\d/.test(name)) return {};
  return { stopSignal: `SIG${name}` as ContainerStatus["stopSignal"] };
}

/** What was told once of a container stays: its process may have become somebody else since. */
function userOf({ users }: StatusFacts, { state }: Observed, before?: ContainerStatus): Partial<ContainerStatus> {
  const linux = before?.containerID === `docker://${state.id}` ? before.user?.linux : users.get(state.id);
  return linux ? { user: { linux } } : {};
}

/** A container that the status tells of and docker has no more was removed by somebody else: its end is told all the same. */
function lastStateBefore(attempts: readonly Observed[], before: ContainerStatus | undefined): State {
  const isHere = attempts.some(({ state }) => `docker://${state.id}` === before?.containerID);
  const { terminated } = before?.state ?? {};
  if (!isHere && terminated) return { terminated };
  return !isHere && before?.state?.running ? { terminated: lostState(before) } : before?.lastState ?? {};
}

function lostState(before: ContainerStatus): NonNullable<State["terminated"]> {
  return {
    exitCode: 137,
    reason: "ContainerStatusUnknown",
    message: "The container could not be located when the pod was deleted.  The container used to be Running",
    ...(before.containerID && { containerID: before.containerID }),
  };
}

function resourcesOf({ resources }: Container): Partial<ContainerStatus> {
  if (!resources?.requests && !resources?.limits) return { resources: {} };
  const { requests, limits } = resources;
  return {
    resources: { ...(limits && { limits }), ...(requests && { requests }) },
    ...(requests && { allocatedResources: requests }),
  };
}

/** Until a resize has been carried out, what the container had before it is what it has. */
function resourcesInForce(
  pod: Pod,
  container: Container,
  { latest: { state }, before }: { latest: Observed; before: ContainerStatus | undefined },
): Partial<ContainerStatus> {
  const own = resourcesOf(container);
  const underWay = state.status === "running" && resizeOf(pod, container, state.limits) !== undefined;
  return underWay && before?.resources ? { ...own, resources: before.resources } : own;
}

function stateOf(facts: StatusFacts, { state }: Observed): State {
  if (state.status === "running") return { running: { startedAt: seconds(state.startedAt) } };
  const message = fitMessage(facts.pod, state.error || facts.messages.get(state.id));
  return {
    terminated: {
      exitCode: state.exitCode,
      reason: endReason(state),
      ...(message && { message }),
      startedAt: seconds(state.startedAt || state.createdAt),
      finishedAt: seconds(state.finishedAt || state.createdAt),
      containerID: `docker://${state.id}`,
    },
  };
}

/**
 * With version 1 of control groups docker says of every container of a pod that it was killed when one was, because the pod's
 * own limit was reached: who ended well was not.
 */
function endReason({ oomKilled, exitCode, error }: Observed["state"]): string {
  if (error) return "ContainerCannotRun";
  if (exitCode === 0) return "Completed";
  return oomKilled ? "OOMKilled" : "Error";
}

function seconds(time: string): string {
  return rfc3339(Date.parse(time));
}

function statusBefore(pod: Pod, name: string): ContainerStatus | undefined {
  return statusesOf(pod).find((status) => status.name === name);
}
