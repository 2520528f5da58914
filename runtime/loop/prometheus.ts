/**
 * The loops' metrics for Prometheus, in upstream's names (k8s.io/component-base workqueue metrics, and controller-runtime's
 * for reconciles).
 */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { LoopMetrics } from "./metrics.ts";

/** Registers the loops' metrics once; call it once for a registry. */
export function loopMetrics(registry: Registry): LoopMetrics {
  const registers = [registry];
  const buckets = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10];
  const labelNames = ["name"] as const;
  const make = { registers, labelNames };
  const depth = new Gauge({ ...make, name: "workqueue_depth", help: "Keys that are due" });
  const adds = new Counter({ ...make, name: "workqueue_adds_total", help: "Keys that were added" });
  const retries = new Counter({ ...make, name: "workqueue_retries_total", help: "Keys that failed and wait" });
  const waited = new Histogram({
    ...make,
    name: "workqueue_queue_duration_seconds",
    help: "From due to taken by a worker",
    buckets,
  });
  const worked = new Histogram({
    ...make,
    name: "workqueue_work_duration_seconds",
    help: "From taken to finished",
    buckets,
  });
  const reconciles = new Counter({
    registers,
    name: "controller_runtime_reconcile_total",
    help: "Reconciles by outcome",
    labelNames: ["controller", "result"],
  });
  const leading = new Gauge({ ...make, name: "leader_election_master_status", help: "1 where the Lease is held" });
  return {
    queue: (name) => ({
      depth: (keys) => depth.set({ name }, keys),
      added: () => adds.inc({ name }),
      retried: () => retries.inc({ name }),
      started: (seconds) => waited.observe({ name }, seconds),
      finished: (seconds) => worked.observe({ name }, seconds),
    }),
    reconciled: (controller, result) => reconciles.inc({ controller, result }),
    leading: (name, leads) => leading.set({ name }, leads ? 1 : 0),
  };
}
