/**
 * What must happen to a pod's containers now, decided from what is there. Pure: the pod, docker's facts, probe verdicts and
 * the time go in; steps come out, and the moment to look again. It knows nothing of how a step is done.
 *
 * Laws: what runs and should run gets no step; nothing starts for a pod that is going or has ended; containers of the app
 * start only when the init containers are through; while docker's facts don't change, the same plan comes out again.
 */
import type { Observed } from "../container/identity.ts";
import { planContainer } from "./plan_container.ts";
import { planInit } from "./plan_init.ts";
import { planStop } from "./plan_stop.ts";
import type { PodFacts, PodPlan, Step } from "./pod_plan.ts";
import { planEphemeral } from "./plan_ephemeral.ts";
import { isTerminal, specOf } from "./pod.ts";
import { mayRunAgain } from "./restart_rules.ts";

export function planPod(facts: PodFacts): PodPlan {
  const { pod } = facts;
  if (pod.metadata.deletionTimestamp) return { ...planStop(facts, { purge: true }), waiting: new Map() };
  const ended = endOf(facts);
  if (ended) return { ...planStop(facts, { purge: false }), waiting: new Map(), ended };
  return planRunning(facts);
}

function planRunning(facts: PodFacts): PodPlan {
  const sandbox = currentSandbox(facts);
  const changed = planSandboxChange(facts, sandbox);
  if (changed) return changed;
  const init = planInit(facts, sandbox);
  const main = init.finished
    ? specOf(facts.pod).containers.map((container) => planContainer(facts, container, { sandbox, sidecar: false }))
    : [];
  const parts = [...init.parts, ...main, ...planEphemeral(facts)];
  const steps = parts.flatMap((part) => part.steps);
  const starts = steps.some((step) => step.type === "start");
  const needsSandbox = starts && (!sandbox || !facts.networkReady);
  return {
    steps: [
      ...(needsSandbox ? [sandboxStep(facts, sandbox)] : []),
      ...steps,
      ...oldAttempts(facts).map((id): Step => ({ type: "remove", id })),
    ],
    waiting: new Map(parts.flatMap((part) => part.waiting ? [[part.name, part.waiting] as const] : [])),
    againMs: soonest([...parts.map((part) => part.againMs), deadlineMs(facts)]),
  };
}

/** The running one; a sandbox that has ended holds nothing. */
function currentSandbox({ observed }: PodFacts): Observed | undefined {
  return observed.findLast((one) => one.isSandbox && one.state.status === "running");
}

function sandboxStep({ observed }: PodFacts, sandbox: Observed | undefined): Step {
  const attempts = observed.filter((one) => one.isSandbox).map((one) => one.attempt + 1);
  return sandbox
    ? { type: "sandbox", attempt: sandbox.attempt, id: sandbox.state.id }
    : { type: "sandbox", attempt: Math.max(0, ...attempts) };
}

/** A dead sandbox took the pod's namespaces with it: its containers must go before a new one comes. */
function planSandboxChange({ observed, stopping }: PodFacts, sandbox: Observed | undefined): PodPlan | undefined {
  const lost = observed.filter((one) => one.isSandbox && one !== sandbox);
  if (lost.length === 0) return undefined;
  const orphans = observed.filter((one) =>
    !one.isSandbox && one.state.status === "running" && one.sandboxId !== sandbox?.state.id
  );
  const message = "Pod sandbox changed, it will be killed and re-created.";
  const stops = orphans.filter((one) => !stopping.has(one.state.id)).map((one): Step => ({
    type: "stop",
    id: one.state.id,
    name: one.name,
    message,
  }));
  if (orphans.length > 0) return { steps: stops, waiting: new Map() };
  return { steps: lost.map((one) => ({ type: "dropSandbox", id: one.state.id })), waiting: new Map(), againMs: 0 };
}

/** Of each container the last two attempts stay: the present one, and the one before for its logs and last state. */
function oldAttempts({ observed }: PodFacts): string[] {
  const containers = observed.filter((one) => !one.isSandbox);
  const isOld = (one: Observed) =>
    containers.filter((other) => other.name === one.name && other.attempt > one.attempt).length >= 2;
  return containers.filter((one) => one.state.status === "exited" && isOld(one)).map((one) => one.state.id);
}

/** Why the pod has ended for good, or nothing while it may still run. */
export function endOf(facts: PodFacts): PodPlan["ended"] {
  const { pod, observed, refusal, ending } = facts;
  if (refusal) return { phase: "Failed", reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` };
  if (isTerminal(pod)) {
    const { phase, reason, message } = pod.status ?? {};
    return { phase: phase as "Succeeded" | "Failed", reason, message };
  }
  if (ending) return { phase: "Failed", reason: ending.reason, message: ending.message };
  if (deadlineMs(facts) === 0) {
    const message = "Pod was active on the node longer than the specified deadline";
    return { phase: "Failed", reason: "DeadlineExceeded", message };
  }
  if (planInit(facts, currentSandbox(facts)).failed) return { phase: "Failed" };
  const last = specOf(pod).containers.map((container) => ({
    container,
    state: observed.findLast((one) => one.name === container.name)?.state,
  }));
  const over = last.every(({ container, state }) => state?.status === "exited" && !mayRunAgain(pod, container, state));
  if (!over) return undefined;
  return { phase: last.every(({ state }) => state?.exitCode === 0) ? "Succeeded" : "Failed" };
}

/** Milliseconds until `activeDeadlineSeconds` is over; 0 when it is. */
function deadlineMs({ pod, now }: PodFacts): number | undefined {
  const seconds = specOf(pod).activeDeadlineSeconds;
  const start = pod.status?.startTime;
  if (seconds === undefined || start === undefined) return undefined;
  return Math.max(0, Date.parse(start) + seconds * 1000 - now);
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
