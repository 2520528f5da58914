/**
 * One controller at work: its queue is fed by its sources and emptied by its workers, and what a reconcile returns or
 * throws is interpreted in one place, `settle`.
 */
import type { Logger } from "@logtape/logtape";
import { isReason, type Key, refOf } from "../schema/mod.ts";
import { type Controller, type LoopContext, type Outcome, TerminalError } from "./controller.ts";
import type { LoopMetrics, ReconcileResult } from "./metrics.ts";
import { WorkQueue } from "./queue.ts";

/** From here on a failure is told to people; before, it was most likely a race that the next try wins. */
const tellAfterFailures = 3;

const defaultWorkers = 4;

/** Runs until the context's signal aborts and the keys in work are finished. Rejects when it cannot be started. */
export async function runController(controller: Controller, context: LoopContext, metrics: LoopMetrics): Promise<void> {
  const { clock, signal } = context;
  const queue = new WorkQueue({ clock, metrics: metrics.queue(controller.name) });
  const close = () => queue.close();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted) return;
  try {
    await controller.start?.(context);
    const enqueue = queue.add.bind(queue);
    await Promise.all(controller.sources.map((source) => source.start(enqueue, context)));
    const job = { controller, context, metrics, queue, reconciles: 0 };
    await Promise.all(Array.from({ length: controller.workers ?? defaultWorkers }, () => work(job)));
  } finally {
    queue.close();
    signal.removeEventListener("abort", close);
    await controller.stop?.();
  }
}

interface Job {
  readonly controller: Controller;
  readonly context: LoopContext;
  readonly metrics: LoopMetrics;
  readonly queue: WorkQueue;
  /** Numbers the reconciles, so that the lines of one can be found in the log. */
  reconciles: number;
}

type Settled = Outcome | { readonly type: "failed"; readonly error: unknown };

async function work(job: Job): Promise<void> {
  const { queue, context, controller } = job;
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    const log = context.log.with({ key, reconcile: `${controller.name}/${++job.reconciles}` });
    settle(job, key, await attempt(controller, key, { ...context, log }), log);
    queue.finish(key);
  }
}

async function attempt(controller: Controller, key: Key, context: LoopContext): Promise<Settled> {
  try {
    return await controller.reconcile(key, context);
  } catch (error) {
    return { type: "failed", error };
  }
}

/** The whole retry policy. */
function settle(job: Job, key: Key, outcome: Settled, log: Logger): void {
  const { queue, controller, metrics } = job;
  const count = (result: ReconcileResult) => metrics.reconciled(controller.name, result);
  switch (outcome.type) {
    case "done":
      queue.forget(key);
      return count("success");
    case "requeue":
      queue.forget(key);
      queue.add(key, { afterMs: outcome.afterMs });
      return count("requeue_after");
    case "failed": {
      // What fails because the loop is being stopped is tried again by whoever runs it next.
      if (job.context.signal.aborted) return;
      const terminal = outcome.error instanceof TerminalError;
      const failures = terminal ? Infinity : queue.retry(key);
      if (terminal) queue.forget(key);
      report(job, key, outcome.error, failures, log);
      return count(terminal ? "terminal_error" : "error");
    }
  }
}

function report(job: Job, key: Key, error: unknown, failures: number, log: Logger): void {
  if (failures < tellAfterFailures || isReason(error, "Conflict")) {
    return log.debug("reconcile failed", { error, failures });
  }
  log.error("reconcile failed", { error, failures });
  tellObject(job, key, error).catch((cause) => log.debug("the object could not be told", { error: cause }));
}

/** An Event about the object that the key names, if it names one. */
async function tellObject({ controller, context }: Job, key: Key, error: unknown): Promise<void> {
  if (!controller.kind) return;
  const object = await context.client.get(controller.kind, refOf(key));
  const message = error instanceof Error ? error.message : String(error);
  if (object) context.recorder.event(object, "Warning", "ReconcileFailed", message);
}
