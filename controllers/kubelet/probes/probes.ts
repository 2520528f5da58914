/**
 * The probes of the pods on this node: one timer for each probe of each running container. They only observe; what their
 * verdicts lead to is the plan's to say.
 */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Clock, Recorder } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf } from "../../../runtime/schema/mod.ts";
import type { Observed } from "../container/identity.ts";
import type { Verdict } from "../pod/pod_plan.ts";
import {
  allContainersOf,
  type Container,
  fieldPathOf,
  initContainersOf,
  isSidecar,
  type Pod,
  type Probe,
} from "../pod/pod.ts";
import { check } from "./check.ts";
import { fold, type ProbeState, unknown } from "./probe_state.ts";

type Kind = "Startup" | "Liveness" | "Readiness";
const kinds = ["Startup", "Liveness", "Readiness"] as const;

interface Worker {
  readonly kind: Kind;
  readonly probe: Probe;
  readonly container: Container;
  readonly id: string;
  readonly startedAt: number;
  pod: Pod;
  podIp: string;
  state: ProbeState;
  timer?: Disposable;
  stopped: boolean;
}

export interface ProbesOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: () => number;
  readonly recorder: Recorder;
  readonly onChange: (pod: Key) => void;
}

export class Probes {
  /** By container id and kind. */
  readonly #workers = new Map<string, Worker>();

  constructor(readonly options: ProbesOptions) {}

  /** Starts the probes of containers that run, and ends those of containers that don't. */
  sync(pod: Pod, observed: readonly Observed[], podIps: readonly string[]): void {
    const running = observed.filter((one) => !one.isSandbox && one.state.status === "running");
    for (const worker of [...this.#workers.values()]) {
      if (worker.pod.metadata.uid === pod.metadata.uid && !running.some(({ state }) => state.id === worker.id)) {
        this.#end(worker);
      }
    }
    for (const { name, state } of running) {
      const container = allContainersOf(pod).find((one) => one.name === name);
      if (container) {
        this.#begin(pod, container, { id: state.id, startedAt: Date.parse(state.startedAt), podIp: podIps[0] ?? "" });
      }
    }
  }

  forget(podUid: string): void {
    for (const worker of [...this.#workers.values()]) if (worker.pod.metadata.uid === podUid) this.#end(worker);
  }

  stop(): void {
    for (const worker of [...this.#workers.values()]) this.#end(worker);
  }

  /** A container that a probe has not judged yet is as the API server last heard: an agent that starts changes nothing. */
  verdict(pod: Pod, id: string, observed: readonly Observed[]): Verdict {
    const name = observed.find(({ state }) => state.id === id)?.name;
    const container = allContainersOf(pod).find((one) => one.name === name);
    if (!container) return { started: true, ready: true };
    const before = statusOf(pod, id);
    const startup = container.startupProbe
      ? this.#verdictOf(id, "Startup") ?? (before?.started ? true : undefined)
      : true;
    const readiness = container.readinessProbe ? this.#verdictOf(id, "Readiness") ?? before?.ready ?? false : true;
    const liveness = container.livenessProbe && startup === true ? this.#verdictOf(id, "Liveness") : true;
    const plainInit = initContainersOf(pod).some((one) => one.name === name) && !isSidecar(container);
    const failed = startup === false
      ? { probe: "Startup" as const, graceSeconds: container.startupProbe?.terminationGracePeriodSeconds }
      : liveness === false
      ? { probe: "Liveness" as const, graceSeconds: container.livenessProbe?.terminationGracePeriodSeconds }
      : undefined;
    return { started: !plainInit && startup === true, ready: startup === true && readiness, ...(failed && { failed }) };
  }

  #verdictOf(id: string, kind: Kind): boolean | undefined {
    return this.#workers.get(`${id} ${kind}`)?.state.verdict;
  }

  #begin(
    pod: Pod,
    container: Container,
    { id, startedAt, podIp }: { id: string; startedAt: number; podIp: string },
  ): void {
    for (const kind of kinds) {
      const probe = probeOf(container, kind);
      if (!probe) continue;
      const present = this.#workers.get(`${id} ${kind}`);
      if (present) {
        Object.assign(present, { pod, podIp });
        continue;
      }
      const adopted = kind === "Startup" && statusOf(pod, id)?.started
        ? { inRow: 1, last: true, verdict: true }
        : unknown;
      const worker: Worker = { kind, probe, container, id, startedAt, pod, podIp, state: adopted, stopped: false };
      this.#workers.set(`${id} ${kind}`, worker);
      this.#schedule(worker, this.#firstDelay(worker));
    }
  }

  /** From the container's start on; one that has run for longer is asked within a period, each at its own moment. */
  #firstDelay({ probe, startedAt }: Worker): number {
    const { clock, random } = this.options;
    const due = startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    return due > -periodMs ? Math.max(0, due) : random() * periodMs;
  }

  #schedule(worker: Worker, ms: number): void {
    if (worker.stopped) return;
    worker.timer = this.options.clock.after(ms, () => void this.#run(worker));
  }

  async #run(worker: Worker): Promise<void> {
    const { probe, kind, id, container, podIp } = worker;
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    if (kind === "Startup" && worker.state.verdict === true) return;
    if (kind !== "Startup" && container.startupProbe && this.#verdictOf(id, "Startup") !== true) {
      return this.#schedule(worker, Math.min(periodMs, 1000));
    }
    const { engine } = this.options;
    const result = await check(
      probe,
      { engine, containerId: id, container, podIp },
      (probe.timeoutSeconds ?? 1) * 1000,
    );
    if (worker.stopped) return;
    const before = worker.state.verdict;
    worker.state = fold(worker.state, result.ok, probe);
    if (!result.ok) this.#tell(worker, result.message);
    if (worker.state.verdict !== before) this.options.onChange(keyOf(worker.pod));
    this.#schedule(worker, periodMs);
  }

  #tell({ pod, kind, container }: Worker, message: string): void {
    const fieldPath = fieldPathOf(pod, container.name);
    this.options.recorder.event(pod, "Warning", "Unhealthy", `${kind} probe failed: ${message}`, { fieldPath });
  }

  #end(worker: Worker): void {
    worker.stopped = true;
    worker.timer?.[Symbol.dispose]();
    this.#workers.delete(`${worker.id} ${worker.kind}`);
  }
}

function probeOf(container: Container, kind: Kind): Probe | undefined {
  if (kind === "Startup") return container.startupProbe;
  return kind === "Liveness" ? container.livenessProbe : container.readinessProbe;
}

function statusOf({ status }: Pod, id: string): { ready: boolean; started?: boolean } | undefined {
  const all = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []];
  return all.find(({ containerID }) => containerID === `docker://${id}`);
}
