/** What one container needs now. Pure. */
import { containerHash, type Observed } from "../container/identity.ts";
import { nextBackOffSeconds, waitSeconds } from "./back_off.ts";
import type { PodFacts, Step, Waiting } from "./pod_plan.ts";
import { type Container, type Pod, statusesOf } from "./pod.ts";
import { mayRunAgain } from "./restart_rules.ts";
import { resizeOf } from "./resize.ts";

export interface ContainerPlan {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly waiting?: Waiting;
  readonly againMs?: number;
  /** It has ended and will not run again. */
  readonly over?: { readonly exitCode: number };
}

export interface ContainerRole {
  readonly sandbox: Observed | undefined;
  /** An init container counts only what ran in the present sandbox. */
  readonly initOnly?: boolean;
  readonly sidecar: boolean;
}

export function planContainer(facts: PodFacts, container: Container, role: ContainerRole): ContainerPlan {
  const { name } = container;
  const attempts = facts.observed.filter((one) => !one.isSandbox && one.name === name);
  const latest = attempts.at(-1);
  const next = nextAttempt(facts.pod, container, latest);
  if (!latest || (role.initOnly && latest.sandboxId !== role.sandbox?.state.id)) {
    return { name, steps: [{ type: "start", name, attempt: next, backOffSeconds: latest?.backOffSeconds ?? 0 }] };
  }
  if (latest.state.status === "running") return { name, steps: planRunningContainer(facts, container, latest) };
  if (latest.state.status === "created") return startOver(latest);
  return planEnded(facts, container, latest);
}

/** A creation that was never started (the agent died in between) is made again, as the same attempt. */
function startOver({ name, attempt, backOffSeconds, state }: Observed): ContainerPlan {
  const steps: Step[] = [{ type: "remove", id: state.id }, { type: "start", name, attempt, backOffSeconds }];
  return { name, steps };
}

function planRunningContainer(
  { pod, verdict, stopping }: PodFacts,
  container: Container,
  { state, hash }: Observed,
): Step[] {
  const { name } = container;
  if (stopping.has(state.id)) return [];
  if (hash !== containerHash(container)) {
    return [{ type: "stop", id: state.id, name, message: `Container ${name} definition changed, will be restarted` }];
  }
  const resize = resizeOf(pod, container, state.limits);
  if (resize === "restart") {
    return [{ type: "stop", id: state.id, name, message: `Container ${name} resize requires restart` }];
  }
  const { failed } = verdict(state.id);
  if (!failed) return resize ? [{ type: "resize", id: state.id, name, limits: resize }] : [];
  const message = `Container ${name} failed ${failed.probe.toLowerCase()} probe, will be restarted`;
  return [{ type: "stop", id: state.id, name, message, grace: failed.graceSeconds }];
}

function planEnded({ pod, now }: PodFacts, container: Container, latest: Observed): ContainerPlan {
  const { name } = container;
  const { exitCode } = latest.state;
  const changed = wasChanged(pod, container, latest);
  if (!changed && !mayRunAgain(pod, container, latest.state)) return { name, steps: [], over: { exitCode } };
  const ended = Date.parse(latest.state.finishedAt || latest.state.createdAt);
  const ranMs = latest.state.startedAt ? ended - Date.parse(latest.state.startedAt) : 0;
  const waitMs = ended + waitSeconds(latest.backOffSeconds, ranMs) * 1000 - now;
  if (waitMs > 0 && !changed) {
    return { name, steps: [], waiting: crashLoop(pod, name, latest.backOffSeconds), againMs: waitMs };
  }
  const backOffSeconds = nextBackOffSeconds(latest.backOffSeconds, ranMs);
  return { name, steps: [{ type: "start", name, attempt: latest.attempt + 1, backOffSeconds }] };
}

/** It was stopped to be made anew from a changed definition: that is no crash. */
function wasChanged(pod: Pod, container: Container, { hash, state }: Observed): boolean {
  return hash !== containerHash(container) || resizeOf(pod, container, state.limits) === "restart";
}

function crashLoop({ metadata }: Pod, name: string, seconds: number): Waiting {
  const pod = `${metadata.name}_${metadata.namespace}(${metadata.uid})`;
  return {
    reason: "CrashLoopBackOff",
    message: `back-off ${goDuration(seconds)} restarting failed container=${name} pod=${pod}`,
  };
}

/** `10s`, `1m20s`: how upstream writes a duration of whole seconds. */
export function goDuration(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/** Somebody may have removed the container from docker: the count that the API server remembers goes on. */
function nextAttempt(pod: Pod, { name }: Container, latest: Observed | undefined): number {
  if (latest) return latest.attempt + 1;
  const known = statusesOf(pod).find((status) => status.name === name);
  return known?.containerID ? known.restartCount + 1 : 0;
}
