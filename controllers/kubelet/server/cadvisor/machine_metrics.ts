/** What the machine is, as cAdvisor tells it. */
import type { MachineFacts } from "../../node/machine.ts";
import { metricFamily } from "../metric_text.ts";

export function machineMetrics(machine: MachineFacts, swapBytes: number): string[] {
  const { cpus, memoryBytes, bootId: boot_id, machineId: machine_id, systemUuid: system_uuid } = machine;
  const labels = { boot_id, machine_id, system_uuid };
  const gauge = (name: string, help: string, value: number) =>
    metricFamily({ name, type: "gauge", help }, [{ labels, value }]);
  return [
    gauge("machine_cpu_cores", "Number of logical CPU cores.", cpus),
    gauge("machine_memory_bytes", "Amount of memory installed on the machine.", memoryBytes),
    gauge("machine_swap_bytes", "Amount of swap memory available on the machine.", swapBytes),
    metricFamily({ name: "cadvisor_version_info", type: "gauge", help: version }, [
      { labels: { kernelVersion: machine.kernelVersion, osVersion: machine.osImage }, value: 1 },
    ]),
  ];
}

const version = "A metric with a constant '1' value labeled by kernel version and OS version.";
