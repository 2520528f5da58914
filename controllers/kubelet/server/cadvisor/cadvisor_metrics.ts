/**
 * `/metrics/cadvisor`: figures of containers, pods and the machine under cAdvisor's names and labels, as dashboards ask for
 * them.
 *
 * Source: cAdvisor's documentation, "Monitoring cAdvisor with Prometheus"; what the kubelet leaves out of it is left out.
 */
import type { Agent } from "../../sync/agent.ts";
import { metricFamily } from "../metric_text.ts";
import { cgroupSamples } from "./cgroup_samples.ts";
import { containerSamples } from "./container_families.ts";
import { blockDevices } from "../../node/block_devices.ts";
import type { Figure, Reading } from "./figure.ts";
import { ioSamples } from "./io_families.ts";
import { machineMetrics } from "./machine_metrics.ts";
import { networkSamples } from "./network_families.ts";
import { subjectsOf } from "./subjects.ts";

const sources: readonly ((reading: Reading) => Promise<Figure[]> | Figure[])[] = [
  cgroupSamples,
  containerSamples,
  ioSamples,
  networkSamples,
];

export async function cadvisorMetrics(agent: Agent): Promise<string> {
  const [usage, disk, devices] = await Promise.all([agent.usage.read(), agent.disks.read(), blockDevices()]);
  const { at } = usage;
  const figures = await Promise.all(
    subjectsOf(usage.containers).flatMap((subject) =>
      sources.map(async (source) =>
        (await source({ subject, disk, devices, at })).map((figure) => ({
          ...figure,
          at,
          labels: { ...subject.labels, ...figure.labels },
        }))
      )
    ),
  );
  const families = [...Map.groupBy(figures.flat(), ({ name }) => name).values()];
  const texts = families.map((samples) => metricFamily(samples[0]!, samples));
  return [...texts, ...machineMetrics(agent.machine, usage.swapBytes + usage.swapFreeBytes)].sort().join("") +
    metricFamily({ name: "container_scrape_error", type: "gauge", help: scrapeError }, [{ value: 0 }]);
}

const scrapeError = "1 if there was an error while getting container metrics, 0 otherwise";
