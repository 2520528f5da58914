/**
 * The columns of pods. STATUS is the most specific reason that the pod's containers give, so that a user sees
 * `CrashLoopBackOff` or `Init:1/2` instead of a phase that says little.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodTemplate } from "kubernetes-models/v1/PodTemplate";
import type { IContainerStatus } from "kubernetes-models/v1/ContainerStatus";
import { age, column, containers, images, labels, name, type Printer, printer, wide } from "./cell.ts";
import { ageOf } from "./human_duration.ts";

interface Summary {
  reason: string;
  ready: number;
  restarts: number;
  /** Time of the last restart that counts into `restarts`. */
  restartedAt?: string;
}

export const pods: Printer = printer<IPod>(
  name,
  column("Ready", (pod) => `${summarize(pod).ready}/${countedContainers(pod)}`),
  column("Status", (pod) => statusOf(pod)),
  column("Restarts", (pod, now) => restartsOf(pod, now)),
  age,
  wide("IP", ({ status }) => status?.podIPs?.[0]?.ip || status?.podIP || "<none>"),
  wide("Node", ({ spec }) => spec?.nodeName || "<none>"),
  wide("Nominated Node", ({ status }) => status?.nominatedNodeName || "<none>"),
  wide("Readiness Gates", readinessGates),
);

export const podTemplates: Printer = printer<IPodTemplate>(
  name,
  column("Containers", ({ template }) => containers.cell({ spec: { template } }, 0)),
  column("Images", ({ template }) => images.cell({ spec: { template } }, 0)),
  column("Pod Labels", ({ template }) => labels(template?.metadata?.labels)),
);

/** Sidecars (init containers that always restart) count as containers. */
function countedContainers({ spec }: IPod): number {
  return (spec?.containers ?? []).length + sidecars({ spec }).size;
}

function sidecars(pod: { spec?: IPod["spec"] }): Set<string> {
  const found = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  return new Set(found.map((container) => container.name));
}

function summarize(pod: IPod): Summary {
  const { status = {} } = pod;
  const gated = status.conditions?.some((c) => c.type === "PodScheduled" && c.reason === "SchedulingGated");
  const summary: Summary = {
    reason: gated ? "SchedulingGated" : status.reason || status.phase || "",
    ready: 0,
    restarts: 0,
  };
  const initializing = addInitContainers(summary, pod);
  const initialized = status.conditions?.some((c) => c.type === "Initialized" && c.status === "True");
  if (!initializing || initialized) addContainers(summary, pod);
  return summary;
}

/** True when an init container still keeps the pod from starting. */
function addInitContainers(summary: Summary, pod: IPod): boolean {
  const restartable = sidecars(pod);
  const all = pod.status?.initContainerStatuses ?? [];
  for (const [index, status] of all.entries()) {
    const sidecar = restartable.has(status.name);
    countRestarts(summary, status);
    if (sidecar && status.started) {
      if (status.ready) summary.ready++;
    } else if (status.state?.terminated?.exitCode !== 0) {
      summary.reason = `Init:${blockedBy(status) ?? `${index}/${(pod.spec?.initContainers ?? all).length}`}`;
      return true;
    }
  }
  // Once the pod runs, only sidecars and its own containers can restart.
  const ended = all.filter(({ name }) => !restartable.has(name));
  summary.restarts -= ended.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return false;
}

function blockedBy({ state }: IContainerStatus): string | undefined {
  if (state?.terminated) return endReason(state.terminated);
  const waiting = state?.waiting?.reason;
  return waiting && waiting !== "PodInitializing" ? waiting : undefined;
}

function endReason(end: { reason?: string; signal?: number; exitCode: number }): string {
  return end.reason || (end.signal ? `Signal:${end.signal}` : `ExitCode:${end.exitCode}`);
}

/** The first container with a reason names the pod's. */
function addContainers(summary: Summary, { status }: IPod): void {
  let running = false;
  for (const container of [...status?.containerStatuses ?? []].reverse()) {
    countRestarts(summary, container);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) summary.reason = waiting.reason;
    else if (terminated) summary.reason = endReason(terminated);
    else if (container.ready && runs) {
      running = true;
      summary.ready++;
    }
  }
  if (summary.reason !== "Completed" || !running) return;
  const ready = status?.conditions?.some((c) => c.type === "Ready" && c.status === "True");
  summary.reason = ready ? "Running" : "NotReady";
}

function countRestarts(summary: Summary, { restartCount, lastState }: IContainerStatus): void {
  summary.restarts += restartCount;
  const end = lastState?.terminated?.finishedAt;
  if (end && (!summary.restartedAt || end > summary.restartedAt)) summary.restartedAt = end;
}

function statusOf(pod: IPod): string {
  if (!pod.metadata?.deletionTimestamp) return summarize(pod).reason;
  if (pod.status?.reason === "NodeLost") return "Unknown";
  const ended = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  return ended ? summarize(pod).reason : "Terminating";
}

function restartsOf(pod: IPod, now: number): string {
  const { restarts, restartedAt } = summarize(pod);
  return restarts > 0 && restartedAt ? `${restarts} (${ageOf(restartedAt, now)} ago)` : String(restarts);
}

function readinessGates({ spec, status }: IPod): string {
  const gates = spec?.readinessGates ?? [];
  if (gates.length === 0) return "<none>";
  const isTrue = (type: string) => status?.conditions?.some((c) => c.type === type && c.status === "True");
  return `${gates.filter(({ conditionType }) => isTrue(conditionType)).length}/${gates.length}`;
}
