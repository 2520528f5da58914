/**
 * What the loops tell about themselves, as small interfaces. `prometheus.ts` fills them; it is a module of its own, not
 * re-exported, because loading prom-client takes longer than all loops together.
 */
export interface QueueMetrics {
  depth(keys: number): void;
  added(): void;
  retried(): void;
  /** Seconds from due to taken. */
  started(waitedSeconds: number): void;
  finished(workedSeconds: number): void;
}

export type ReconcileResult = "success" | "requeue_after" | "error" | "terminal_error";

export interface LoopMetrics {
  queue(controller: string): QueueMetrics;
  reconciled(controller: string, result: ReconcileResult): void;
  leading(lease: string, leads: boolean): void;
}

export const silentQueueMetrics: QueueMetrics = {
  depth() {},
  added() {},
  retried() {},
  started() {},
  finished() {},
};

export const silentMetrics: LoopMetrics = { queue: () => silentQueueMetrics, reconciled() {}, leading() {} };
