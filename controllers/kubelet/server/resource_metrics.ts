/**
 * `/metrics/resource`: what metrics-server reads, for autoscalers and `kubectl top`.
 *
 * Source: Kubernetes docs, "Kubernetes Metrics Reference", what is stable of `kubelet (/metrics/resource)`.
 */
import type { ContainerUsage, NodeUsage, PodUsage } from "../node/usage.ts";
import type { Agent } from "../sync/agent.ts";
import { type Family, metricFamily, type Sample } from "./metric_text.ts";

type Rows = (usage: NodeUsage) => Sample[];

const families: readonly (readonly [family: Family, rows: Rows])[] = [
  [counter("node_cpu_usage_seconds_total", "Cumulative cpu time consumed by the node in core-seconds"), ofNode(cpuOf)],
  [
    gauge("node_memory_working_set_bytes", "Current working set of the node in bytes"),
    ofNode((it) => it.workingSetBytes),
  ],
  [
    gauge("node_swap_usage_bytes", "Current swap usage of the node in bytes. Reported only on non-windows systems"),
    ofNode((it) => it.swapBytes),
  ],
  [
    counter("container_cpu_usage_seconds_total", "Cumulative cpu time consumed by the container in core-seconds"),
    ofContainers(({ figures }) => cpuOf(figures)),
  ],
  [
    gauge("container_memory_working_set_bytes", "Current working set of the container in bytes"),
    ofContainers(({ figures }) => figures.workingSetBytes),
  ],
  [
    gauge(
      "container_swap_usage_bytes",
      "Current amount of the container swap usage in bytes. Reported only on non-windows systems",
    ),
    ofContainers(({ figures }) => figures.swapBytes),
  ],
  [
    gauge(
      "container_swap_limit_bytes",
      "Current amount of the container swap limit in bytes. Reported only on non-windows systems",
    ),
    (usage) => ofContainers(({ figures }) => figures.swapLimitBytes ?? usage.swapBytes + usage.swapFreeBytes)(usage),
  ],
  [
    gauge("container_start_time_seconds", "Start time of the container since unix epoch in seconds"),
    ofContainers(({ observed }) => Date.parse(observed.state.startedAt) / 1000),
  ],
  [
    counter("pod_cpu_usage_seconds_total", "Cumulative cpu time consumed by the pod in core-seconds"),
    ofPods(({ figures }) => cpuOf(figures)),
  ],
  [
    gauge("pod_memory_working_set_bytes", "Current working set of the pod in bytes"),
    ofPods(({ figures }) => figures.workingSetBytes),
  ],
  [
    gauge(
      "pod_swap_usage_bytes",
      "Current amount of the pod swap usage in bytes. Reported only on non-windows systems",
    ),
    ofPods(({ figures }) => figures.swapBytes),
  ],
];

const scrapeError = gauge(
  "resource_scrape_error",
  "1 if there was an error while getting container metrics, 0 otherwise",
);

export async function resourceMetrics({ usage, context }: Agent): Promise<string> {
  try {
    const read = await usage.read();
    const texts = families.map(([family, rows]) =>
      metricFamily(family, rows(read).map((row) => ({ ...row, at: read.at })))
    );
    return texts.join("") + metricFamily(scrapeError, [{ value: 0 }]);
  } catch (error) {
    context.log.warn("usage could not be read", { error });
    return metricFamily(scrapeError, [{ value: 1 }]);
  }
}

function counter(name: string, help: string): Family {
  return { name, type: "counter", help };
}

function gauge(name: string, help: string): Family {
  return { name, type: "gauge", help };
}

function cpuOf({ cpuNanoseconds }: { readonly cpuNanoseconds: number }): number {
  return cpuNanoseconds / 1e9;
}

function ofNode(value: (usage: NodeUsage) => number): Rows {
  return (usage) => [{ value: value(usage) }];
}

type Pick = (one: ContainerUsage) => number;

function ofContainers(value: Pick): Rows {
  return ({ containers }) =>
    containers.filter(({ observed }) => !observed.isSandbox).map((one) => {
      const { name: container, podName: pod, podNamespace: namespace } = one.observed;
      return { labels: { container, namespace, pod }, value: value(one) };
    });
}

/** With what its sandbox uses. */
function ofPods(value: (one: PodUsage) => number): Rows {
  return ({ containers, pods }) =>
    [...Map.groupBy(containers, ({ observed }) => observed.podUid)].map(([uid, all]) => {
      const { podName: pod, podNamespace: namespace } = all[0]!.observed;
      const whole = pods.get(uid);
      return {
        labels: { namespace, pod },
        value: whole ? value(whole) : all.reduce((sum, one) => sum + value(one), 0),
      };
    });
}
