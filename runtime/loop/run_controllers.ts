/**
 * Runs a list of controllers: node loops at once, the others while this process holds the leader Lease (or at once,
 * where there is no election). They share the informers of the process.
 */
import { getLogger } from "@logtape/logtape";
import type { Client } from "./client.ts";
import { sleep, systemClock } from "./clock.ts";
import type { Clock, Controller, Informers, LoopContext } from "./controller.ts";
import { backOffMs, jittered, serverBackOff } from "./back_off.ts";
import { sharedInformers } from "./informers.ts";
import { elect, type LeaseTimes } from "./leader_election.ts";
import { type LoopMetrics, silentMetrics } from "./metrics.ts";
import { eventRecorder } from "./recorder.ts";
import { runController } from "./running_controller.ts";

export interface RunOptions {
  readonly client: Client;
  /** Stops everything. */
  readonly signal: AbortSignal;
  /** Who this process is, in the Lease: unique among those that run the same controllers. */
  readonly identity: string;
  /** Absent: nobody else runs these controllers, no Lease is needed. */
  readonly leaderElection?: LeaderElection;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly metrics?: LoopMetrics;
}

export interface LeaderElection {
  /** Default `d8s-controllers`. */
  readonly name?: string;
  /** Default `kube-system`. */
  readonly namespace?: string;
  readonly times?: LeaseTimes;
}

export interface Running extends AsyncDisposable {
  /** Resolves when all loops have ended and the Lease is released; never rejects. */
  readonly settled: Promise<void>;
  /** Asks all loops to stop and waits for `settled`. */
  stop(): Promise<void>;
  readonly informers: Informers;
}

interface Process {
  readonly options: RunOptions;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: LoopMetrics;
  readonly informers: Informers;
}

export function runControllers(controllers: readonly Controller[], options: RunOptions): Running {
  const { clock = systemClock, random = Math.random, metrics = silentMetrics, client } = options;
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const log = getLogger(["d8s", "loop"]);
  // The informers outlive the loops a little, so that the last reconciles still see the cluster.
  const ended = new AbortController();
  const informers = sharedInformers({ client, clock, random, log, signal: ended.signal });
  const process: Process = { options, clock, random, metrics, informers };
  const settled = runAll(controllers, process, signal).finally(() => ended.abort());
  const stop = () => {
    stopping.abort();
    return settled;
  };
  return { settled, stop, informers, [Symbol.asyncDispose]: stop };
}

async function runAll(controllers: readonly Controller[], process: Process, signal: AbortSignal): Promise<void> {
  const { client, identity, leaderElection } = process.options;
  const everywhere = controllers.filter((controller) => !leaderElection || controller.leaderOnly === false);
  const leading = controllers.filter((controller) => !everywhere.includes(controller));
  const jobs = [runGroup(everywhere, process, signal)];
  if (leaderElection && leading.length > 0) {
    const { name = "d8s-controllers", namespace = "kube-system", times } = leaderElection;
    const { clock, informers, metrics } = process;
    const log = getLogger(["d8s", "loop", "election"]);
    const election = { client, informers, clock, log, identity, lease: { namespace, name }, times, signal };
    jobs.push(elect(election, async (term) => {
      metrics.leading(name, true);
      await runGroup(leading, process, term);
      metrics.leading(name, false);
    }));
  }
  await Promise.all(jobs);
}

async function runGroup(controllers: readonly Controller[], process: Process, signal: AbortSignal): Promise<void> {
  await Promise.all(controllers.map((controller) => keepRunning(controller, process, signal)));
}

/** A controller that cannot start (its world is not there yet) is started again, and does not hold up the others. */
async function keepRunning(controller: Controller, process: Process, signal: AbortSignal): Promise<void> {
  const { clock, random, metrics } = process;
  for (let failures = 1; !signal.aborted; failures++) {
    const attempt = new AbortController();
    const context = contextOf(controller, process, AbortSignal.any([signal, attempt.signal]));
    try {
      await runController(controller, context, metrics);
      return;
    } catch (error) {
      attempt.abort();
      if (signal.aborted) return;
      context.log.error("could not start", { controller: controller.name, failures, error });
      await sleep(clock, jittered(backOffMs(serverBackOff, failures), random), signal);
    }
  }
}

function contextOf(controller: Controller, process: Process, signal: AbortSignal): LoopContext {
  const { options: { client }, clock, random, informers } = process;
  const { name, eventSource: source = { component: name } } = controller;
  const log = getLogger(["d8s", "loop", name]);
  const recorder = eventRecorder({ client, clock, random, log, source });
  return { client, informers, recorder, clock, random, log, signal };
}
