/** `/metrics/probes`: how often each probe said what, and how long it took. */
import type { Pod } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { histogramSamples, type Labels, metricFamily } from "./metric_text.ts";

const total = {
  name: "prober_probe_total",
  type: "counter",
  help: "Cumulative number of a liveness, readiness or startup probe for a container by result.",
} as const;

const duration = {
  name: "prober_probe_duration_seconds",
  type: "histogram",
  help: "Duration in seconds for a probe response.",
} as const;

export function probeMetrics({ probes }: Agent): string {
  const counts = probes.counts().map(({ result, value, ...of }) => {
    return { labels: { ...labelsOf(of), pod_uid: of.pod.metadata.uid, result }, value };
  });
  const durations = probes.durations().flatMap(({ durations, ...of }) => histogramSamples(labelsOf(of), durations));
  return metricFamily(total, counts) + metricFamily(duration, durations);
}

interface Of {
  readonly kind: string;
  readonly container: string;
  readonly pod: Pod;
}

function labelsOf({ kind: probe_type, container, pod: { metadata } }: Of): Labels {
  return { probe_type, container, pod: metadata.name, namespace: metadata.namespace ?? "" };
}
