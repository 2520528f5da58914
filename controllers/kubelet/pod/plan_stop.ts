/** Stopping a pod in order: the app, then its sidecars in reverse, then the sandbox. Pure. */
import type { Observed } from "../container/identity.ts";
import type { PodFacts, PodPlan, Step } from "./pod_plan.ts";
import { initContainersOf, isSidecar, statusesOf } from "./pod.ts";

/** With `purge`, nothing of the pod stays; without, its ended containers stay for their logs, unless room is needed. */
export function planStop(facts: PodFacts, { purge }: { purge: boolean }): Omit<PodPlan, "waiting"> {
  const { observed, stopping } = facts;
  const running = observed.filter((one) => !one.isSandbox && one.state.status === "running");
  if (running.length > 0) {
    const due = stopFirst(running, sidecarsOf(facts)).filter(({ state }) => isLate(facts, stopping.get(state.id)));
    return {
      steps: due.map(({ name, state }): Step => ({
        type: "stop",
        id: state.id,
        name,
        message: `Stopping container ${name}`,
        grace: graceOf(facts, stopping.has(state.id)),
      })),
    };
  }
  if (purge) return { steps: [{ type: "purge" }] };
  const sandboxes = observed.filter((one) => one.isSandbox);
  return {
    steps: [
      ...sandboxes.map((one): Step => ({ type: "dropSandbox", id: one.state.id })),
      ...needless(facts).map((one): Step => ({ type: "remove", id: one.state.id })),
    ],
  };
}

/** A pod that was evicted makes room: its containers go once the API server knows how they ended. */
function needless({ pod, observed, ending }: PodFacts): readonly Observed[] {
  if ((ending?.reason ?? pod.status?.reason) !== "Evicted") return [];
  const told = statusesOf(pod).filter(({ state }) => state?.terminated).map(({ containerID }) => containerID);
  return observed.filter(({ isSandbox, state }) => !isSandbox && told.includes(`docker://${state.id}`));
}

/** Somebody who deletes the pod again with less grace cuts a stop that is under way; a second's difference is none. */
function isLate({ pod }: PodFacts, until: number | undefined): boolean {
  const { deletionTimestamp } = pod.metadata;
  return until === undefined || (deletionTimestamp !== undefined && until > Date.parse(deletionTimestamp) + 1000);
}

/** Seconds. What is left of it for a stop that is cut; nothing said means the pod's own. */
function graceOf({ pod, now, ending }: PodFacts, cut: boolean): number | undefined {
  const { deletionGracePeriodSeconds, deletionTimestamp } = pod.metadata;
  if (!cut || !deletionTimestamp) return deletionGracePeriodSeconds ?? ending?.graceSeconds;
  return Math.max(0, Math.ceil((Date.parse(deletionTimestamp) - now) / 1000));
}

function sidecarsOf({ pod }: PodFacts): string[] {
  return initContainersOf(pod).filter(isSidecar).map((container) => container.name);
}

function stopFirst(running: readonly Observed[], sidecars: readonly string[]): readonly Observed[] {
  const app = running.filter((one) => !sidecars.includes(one.name));
  if (app.length > 0) return app;
  const last = sidecars.findLast((name) => running.some((one) => one.name === name));
  return running.filter((one) => one.name === last);
}
