/**
 * The status that a pod has earned: docker's facts, the plan's reasons and the probes' verdicts, in the API's words. Pure.
 *
 * Source: core/v1 PodStatus; API conventions on conditions (lastTransitionTime moves only when the status changes).
 */
import { qosClassOf } from "../../../runtime/schema/mod.ts";
import type { Observed } from "../container/identity.ts";
import { containerStatuses, type StatusFacts } from "./container_status.ts";
import {
  ephemeralContainersOf,
  initContainersOf,
  isSidecar,
  type Pod,
  type PodCondition,
  type PodStatus,
  specOf,
  statusesOf,
} from "./pod.ts";
import type { PodPlan } from "./pod_plan.ts";
import { condition } from "./condition.ts";
import { resizeConditions, type ResizeFacts } from "./resize_conditions.ts";
import { rfc3339 } from "./rfc3339.ts";

type Ended = NonNullable<PodPlan["ended"]>;

export interface PodStatusFacts extends StatusFacts {
  readonly ended?: Ended;
  /** A resize that waits, or one that is being carried out. */
  readonly resize: ResizeFacts;
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
}

export function podStatus(facts: PodStatusFacts): PodStatus {
  const { pod, ended, podIps, hostIps, now } = facts;
  if (ended && neverBegan(facts)) return rejectedStatus(facts, ended);
  const statuses = containerStatuses(facts);
  const initStatuses = statuses.filter((status) => initContainersOf(pod).some(({ name }) => name === status.name));
  const ephemeral = statuses.filter((status) => ephemeralContainersOf(pod).some(({ name }) => name === status.name));
  const mainStatuses = statuses.filter((status) => !initStatuses.includes(status) && !ephemeral.includes(status));
  const phase = ended?.phase ?? phaseOf(mainStatuses, pod.status?.phase);
  const status: PodStatus = {
    phase,
    observedGeneration: pod.metadata.generation,
    conditions: conditions(facts, { initStatuses, mainStatuses, phase }),
    hostIP: hostIps[0],
    hostIPs: hostIps.map((ip) => ({ ip })),
    startTime: pod.status?.startTime ?? rfc3339(now),
    qosClass: pod.status?.qosClass ?? qosClassOf(specOf(pod)),
    containerStatuses: mainStatuses,
  };
  if (initStatuses.length > 0) status.initContainerStatuses = initStatuses;
  if (ephemeral.length > 0) status.ephemeralContainerStatuses = ephemeral;
  if (podIps.length > 0) Object.assign(status, { podIP: podIps[0], podIPs: podIps.map((ip) => ({ ip })) });
  if (ended?.reason) status.reason = ended.reason;
  if (ended?.message) status.message = ended.message;
  return status;
}

/** The node refused it: nothing was made for it, and its containers have no state. */
function neverBegan({ pod, observed }: PodStatusFacts): boolean {
  return observed.length === 0 && statusesOf(pod).length === 0;
}

function rejectedStatus({ pod, now }: PodStatusFacts, { phase, reason, message }: Ended): PodStatus {
  return {
    phase,
    ...(reason && { reason }),
    ...(message && { message }),
    observedGeneration: pod.metadata.generation,
    startTime: pod.status?.startTime ?? rfc3339(now),
    qosClass: pod.status?.qosClass ?? qosClassOf(specOf(pod)),
  };
}

type Statuses = ReturnType<typeof containerStatuses>;
type Phase = NonNullable<PodStatus["phase"]>;

/** A pod that has run once stays Running, whatever its containers wait for. */
function phaseOf(main: Statuses, before: string | undefined): Phase {
  if (before === "Running") return "Running";
  const allSeen = main.every(({ state, lastState }) => state?.running || state?.terminated || lastState?.terminated);
  return allSeen && main.length > 0 ? "Running" : "Pending";
}

interface ConditionFacts {
  readonly initStatuses: Statuses;
  readonly mainStatuses: Statuses;
  readonly phase: string;
}

/** Upstream's order, so that two reports of one state are equal. Conditions that others own are left to them. */
function conditions(facts: PodStatusFacts, { initStatuses, mainStatuses, phase }: ConditionFacts): PodCondition[] {
  const { pod, observed, podIps, resize } = facts;
  const sandboxReady = observed.some(isRunningSandbox) && podIps.length > 0;
  const wanted = [
    condition("PodReadyToStartContainers", sandboxReady),
    initialized(pod, initStatuses, phase),
    ...readiness(pod, mainStatuses, initStatuses, phase),
    condition("PodScheduled", true),
    ...resizeConditions(resize),
  ];
  return wanted.map((one) => withTimes(facts, one));
}

function isRunningSandbox({ isSandbox, state }: Observed): boolean {
  return isSandbox && state.status === "running";
}

function initialized(pod: Pod, initStatuses: Statuses, phase: string): PodCondition {
  if (phase === "Succeeded") return condition("Initialized", true, "PodCompleted");
  const incomplete = initStatuses.filter((status) => !isInitialized(pod, status)).map(({ name }) => name);
  if (incomplete.length === 0) return condition("Initialized", true);
  const message = `containers with incomplete status: [${incomplete.join(" ")}]`;
  return condition("Initialized", false, "ContainersNotInitialized", message);
}

function isInitialized(pod: Pod, { name, state, started }: Statuses[number]): boolean {
  const container = initContainersOf(pod).find((one) => one.name === name);
  if (container && isSidecar(container)) return started === true;
  return state?.terminated?.exitCode === 0;
}

function readiness(pod: Pod, main: Statuses, init: Statuses, phase: string): PodCondition[] {
  if (phase === "Succeeded" || phase === "Failed") {
    const reason = phase === "Succeeded" ? "PodCompleted" : "PodFailed";
    return [condition("Ready", false, reason), condition("ContainersReady", false, reason)];
  }
  const sidecars = init.filter(({ name }) => initContainersOf(pod).some((one) => one.name === name && isSidecar(one)));
  const unready = [...sidecars, ...main].filter(({ ready }) => !ready).map(({ name }) => name);
  const message = `containers with unready status: [${unready.join(" ")}]`;
  const containersReady = unready.length === 0
    ? condition("ContainersReady", true)
    : condition("ContainersReady", false, "ContainersNotReady", message);
  return [readyCondition(pod, containersReady), containersReady];
}

function readyCondition(pod: Pod, containersReady: PodCondition): PodCondition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const gates = (specOf(pod).readinessGates ?? []).map(({ conditionType }) => conditionType);
  const missing = gates.flatMap((type) => {
    const found = pod.status?.conditions?.find((one) => one.type === type);
    if (!found) return [`corresponding condition of pod readiness gate "${type}" does not exist.`];
    return found.status === "True"
      ? []
      : [`the status of pod readiness gate "${type}" is not "True", but ${found.status}`];
  });
  if (missing.length === 0) return condition("Ready", true);
  return condition("Ready", false, "ReadinessGatesNotReady", missing.join(", "));
}

function withTimes({ pod, now }: PodStatusFacts, wanted: PodCondition): PodCondition {
  const before = pod.status?.conditions?.find(({ type }) => type === wanted.type);
  const since = before?.status === wanted.status ? before.lastTransitionTime : undefined;
  return {
    ...wanted,
    observedGeneration: pod.metadata.generation,
    lastProbeTime: before?.lastProbeTime ?? null,
    lastTransitionTime: since ?? rfc3339(now),
  } as PodCondition;
}
