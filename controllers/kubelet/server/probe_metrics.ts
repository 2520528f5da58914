/** `/metrics/probes`: how often each probe said what. */
import type { Agent } from "../sync/agent.ts";
import { metricFamily } from "./metric_text.ts";

export function probeMetrics({ probes }: Agent): string {
  return metricFamily(
    {
      name: "prober_probe_total",
      type: "counter",
      help: "Cumulative number of a liveness, readiness or startup probe for a container by result.",
    },
    probes.counts().map(({ kind, result, container, pod, value }) => ({
      labels: {
        container,
        namespace: pod.metadata.namespace ?? "",
        pod: pod.metadata.name,
        pod_uid: pod.metadata.uid,
        probe_type: kind,
        result,
      },
      value,
    })),
  );
}
