/** `/metrics/resource`: what metrics-server reads, for autoscalers and `kubectl top`. */
import type { ContainerUsage } from "../node/usage.ts";
import type { Agent } from "../sync/agent.ts";
import { metricFamily, type Sample } from "./metric_text.ts";

export async function resourceMetrics({ usage }: Agent): Promise<string> {
  const node = await usage.read();
  const containers = node.containers.filter(({ observed }) => !observed.isSandbox);
  const pods = [...Map.groupBy(node.containers, ({ observed }) => observed.podUid).values()];
  return [
    counter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds", [
      { value: node.cpuNanoseconds / 1e9 },
    ]),
    gauge("node_memory_working_set_bytes", "Current working set of the node in bytes", [
      { value: node.workingSetBytes },
    ]),
    counter(
      "container_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the container in core-seconds",
      containers.map((one) => ({ labels: containerLabels(one), value: seconds(one) })),
    ),
    gauge(
      "container_memory_working_set_bytes",
      "Current working set of the container in bytes",
      containers.map((one) => ({ labels: containerLabels(one), value: one.figures.workingSetBytes })),
    ),
    gauge(
      "container_start_time_seconds",
      "Start time of the container since unix epoch in seconds",
      containers.map((one) => ({
        labels: containerLabels(one),
        value: Date.parse(one.observed.state.startedAt) / 1000,
      })),
    ),
    counter(
      "pod_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the pod in core-seconds",
      pods.map((used) => podSample(used, seconds)),
    ),
    gauge(
      "pod_memory_working_set_bytes",
      "Current working set of the pod in bytes",
      pods.map((used) => podSample(used, ({ figures }) => figures.workingSetBytes)),
    ),
    gauge("resource_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", [
      { value: 0 },
    ]),
  ].join("");
}

function counter(name: string, help: string, samples: readonly Sample[]): string {
  return metricFamily({ name, help, type: "counter" }, samples);
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  return metricFamily({ name, help, type: "gauge" }, samples);
}

function seconds({ figures }: ContainerUsage): number {
  return figures.cpuNanoseconds / 1e9;
}

function containerLabels({ observed: { name, podName, podNamespace } }: ContainerUsage) {
  return { container: name, namespace: podNamespace, pod: podName };
}

function podSample(used: readonly ContainerUsage[], pick: (one: ContainerUsage) => number): Sample {
  const { podName, podNamespace } = used[0]!.observed;
  return {
    labels: { namespace: podNamespace, pod: podName },
    value: used.reduce((total, one) => total + pick(one), 0),
  };
}
