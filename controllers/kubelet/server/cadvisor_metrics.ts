/** `/metrics/cadvisor`: a container's figures under cAdvisor's names, as dashboards ask for them. */
import type { CgroupFigures } from "../node/cgroup.ts";
import type { ContainerUsage } from "../node/usage.ts";
import type { Agent } from "../sync/agent.ts";
import { metricFamily, type Sample } from "./metric_text.ts";
import { networkFigures } from "./network_figures.ts";

const families: readonly {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly value: (figures: CgroupFigures) => number;
}[] = [
  {
    name: "container_cpu_usage_seconds_total",
    type: "counter",
    help: "Cumulative cpu time consumed in seconds.",
    value: ({ cpuNanoseconds }) => cpuNanoseconds / 1e9,
  },
  {
    name: "container_memory_usage_bytes",
    type: "gauge",
    help: "Current memory usage in bytes, including all memory regardless of when it was accessed",
    value: ({ memoryBytes }) => memoryBytes,
  },
  {
    name: "container_memory_working_set_bytes",
    type: "gauge",
    help: "Current working set in bytes.",
    value: ({ workingSetBytes }) => workingSetBytes,
  },
  {
    name: "container_memory_rss",
    type: "gauge",
    help: "Size of RSS in bytes.",
    value: ({ rssBytes }) => rssBytes,
  },
  {
    name: "container_processes",
    type: "gauge",
    help: "Number of processes running inside the container.",
    value: ({ processes }) => processes,
  },
];

export async function cadvisorMetrics({ usage, machine }: Agent): Promise<string> {
  const { containers } = await usage.read();
  const texts = families.map(({ value, ...family }) =>
    metricFamily(family, containers.map((one) => ({ labels: labelsOf(one), value: value(one.figures) })))
  );
  const machineTexts = [
    metricFamily({ name: "machine_cpu_cores", type: "gauge", help: "Number of logical CPU cores." }, [
      { value: machine.cpus },
    ]),
    metricFamily({ name: "machine_memory_bytes", type: "gauge", help: "Amount of memory installed on the machine." }, [
      { value: machine.memoryBytes },
    ]),
  ];
  return [...texts, ...await networkTexts(containers), ...machineTexts].join("");
}

async function networkTexts(containers: readonly ContainerUsage[]): Promise<string[]> {
  const received: Sample[] = [], sent: Sample[] = [];
  for (const one of containers.filter(({ observed }) => observed.isSandbox)) {
    for (const { name, rxBytes, txBytes } of (await networkFigures(one.observed.state.pid))?.interfaces ?? []) {
      const labels = { ...labelsOf(one), interface: name };
      received.push({ labels, value: rxBytes });
      sent.push({ labels, value: txBytes });
    }
  }
  const counted = (name: string, help: string, samples: Sample[]) =>
    metricFamily({ name, type: "counter", help }, samples);
  return [
    counted("container_network_receive_bytes_total", "Cumulative count of bytes received", received),
    counted("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", sent),
  ];
}

function labelsOf({ observed }: ContainerUsage): Record<string, string> {
  const { name, podName, podNamespace, state } = observed;
  const container = observed.isSandbox ? "POD" : name;
  return { container, id: `/${state.id}`, image: state.image, name: state.name, namespace: podNamespace, pod: podName };
}
