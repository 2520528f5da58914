/**
 * The probes of the pods on this node: one timer for each probe of each running container. They only observe; what their
 * verdicts lead to is the plan's to say.
 */
import type { Engine } from "../../../runtime/engine/mod.ts";
import type { Clock, Recorder } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf } from "../../../runtime/schema/mod.ts";
import type { Observed } from "../container/identity.ts";
import { type Durations, measure, noDurations } from "../node/durations.ts";
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
import type { CheckResult } from "./check_result.ts";
import { fold, nextCheck, type ProbeState, unknown } from "./probe_state.ts";

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
  /** How often it was asked, by what came out. */
  readonly counts: { successful: number; failed: number };
  readonly durations: Durations;
  /** When it was asked for the first time. */
  firstAt?: number;
  timer?: Disposable;
  stopped: boolean;
}

/** What `prober_probe_duration_seconds` tells. */
export interface ProbeDurations extends Omit<ProbeCount, "result" | "value"> {
  readonly durations: Durations;
}

/** What `prober_probe_total` tells. */
export interface ProbeCount {
  readonly kind: Kind;
  readonly result: "successful" | "failed";
  readonly container: string;
  readonly pod: Pod;
  readonly value: number;
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

  /** Of the probes of running containers. */
  counts(): ProbeCount[] {
    return [...this.#workers.values()].flatMap(({ kind, container, pod, counts }) =>
      (["successful", "failed"] as const).filter((result) => counts[result] > 0).map((result) => ({
        ...{ kind, result, pod },
        container: container.name,
        value: counts[result],
      }))
    );
  }

  durations(): ProbeDurations[] {
    return [...this.#workers.values()].filter(({ durations }) => durations.count > 0)
      .map(({ kind, container, pod, durations }) => ({ kind, pod, container: container.name, durations }));
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
      const counts = { successful: 0, failed: 0 };
      const durations = noDurations();
      const facts = { kind, probe, container, id, startedAt, pod, podIp };
      const worker: Worker = { ...facts, state: adopted, counts, durations, stopped: false };
      this.#workers.set(`${id} ${kind}`, worker);
      this.#schedule(worker, this.#firstDelay(worker));
    }
  }

  /** From the container's start on; one that has run for longer is asked within a period, each at its own moment. */
  #firstDelay({ probe, startedAt }: Worker): number {
    const { clock, random } = this.options;
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    // A start in the future is a clock that was set back.
    const due = Math.min(delayMs, startedAt + delayMs - clock.now());
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    return due > -periodMs ? Math.max(0, due) : random() * periodMs;
  }

  #schedule(worker: Worker, ms: number, counts = true): void {
    if (worker.stopped) return;
    worker.timer?.[Symbol.dispose]();
    worker.timer = this.options.clock.after(ms, () => void this.#run(worker, counts));
  }

  /** What waits for the startup probe's "yes" is woken by it. */
  #mustWait({ kind, id, container, state }: Worker): boolean {
    if (kind === "Startup") return state.verdict === true;
    return container.startupProbe !== undefined && this.#verdictOf(id, "Startup") !== true;
  }

  async #run(worker: Worker, counts: boolean): Promise<void> {
    if (this.#mustWait(worker)) return;
    const { probe, id, container, podIp } = worker;
    const { engine, clock } = this.options;
    const began = clock.now();
    worker.firstAt = Math.min(worker.firstAt ?? Infinity, began);
    const result = await check(
      probe,
      { engine, containerId: id, container, podIp },
      (probe.timeoutSeconds ?? 1) * 1000,
    );
    worker.counts[result.ok ? "successful" : "failed"] += 1;
    measure(worker.durations, (clock.now() - began) / 1000);
    if (worker.stopped) return;
    if (counts || result.ok) this.#judge(worker, result);
    const next = nextCheck(probe, waitsForYes(worker), Math.max(0, clock.now() - worker.firstAt));
    this.#schedule(worker, next.delayMs, next.counts);
  }

  #judge(worker: Worker, result: CheckResult): void {
    const before = worker.state.verdict;
    worker.state = fold(worker.state, result.ok, worker.probe);
    if (!result.ok) this.#tell(worker, "Unhealthy", `failed: ${result.message}`);
    else if (result.warning) this.#tell(worker, "ProbeWarning", `warning: ${result.warning}`);
    if (worker.state.verdict === before) return;
    this.options.onChange(keyOf(worker.pod));
    if (worker.kind === "Startup" && result.ok) this.#wake(worker.id);
  }

  #wake(id: string): void {
    for (const other of this.#workers.values()) {
      if (other.id === id && other.kind !== "Startup") this.#schedule(other, 0);
    }
  }

  #tell({ pod, kind, container }: Worker, reason: string, message: string): void {
    const fieldPath = fieldPathOf(pod, container.name);
    this.options.recorder.event(pod, "Warning", reason, `${kind} probe ${message}`, { fieldPath });
  }

  #end(worker: Worker): void {
    worker.stopped = true;
    worker.timer?.[Symbol.dispose]();
    this.#workers.delete(`${worker.id} ${worker.kind}`);
  }
}

/** A liveness probe has nothing to wait for, and more than one success in a row takes periods. */
function waitsForYes({ kind, state, probe }: Worker): boolean {
  return kind !== "Liveness" && state.verdict !== true && (probe.successThreshold ?? 1) === 1;
}

function probeOf(container: Container, kind: Kind): Probe | undefined {
  if (kind === "Startup") return container.startupProbe;
  return kind === "Liveness" ? container.livenessProbe : container.readinessProbe;
}

function statusOf({ status }: Pod, id: string): { ready: boolean; started?: boolean } | undefined {
  const all = [...status?.containerStatuses ?? [], ...status?.initContainerStatuses ?? []];
  return all.find(({ containerID }) => containerID === `docker://${id}`);
}
