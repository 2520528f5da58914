/** What went over a pod's interfaces; its sandbox stands for the pod. The machine's own go under the root. */
import { type InterfaceCounts, interfaceCounts } from "../network_figures.ts";
import type { Figure, Reading } from "./figure.ts";

const families: readonly (readonly [name: string, help: string, key: Exclude<keyof InterfaceCounts, "name">])[] = [
  ["receive_bytes", "bytes received", "rxBytes"],
  ["receive_packets", "packets received", "rxPackets"],
  ["receive_errors", "errors encountered while receiving", "rxErrors"],
  ["receive_packets_dropped", "packets dropped while receiving", "rxDropped"],
  ["transmit_bytes", "bytes transmitted", "txBytes"],
  ["transmit_packets", "packets transmitted", "txPackets"],
  ["transmit_errors", "errors encountered while transmitting", "txErrors"],
  ["transmit_packets_dropped", "packets dropped while transmitting", "txDropped"],
];

export async function networkSamples({ subject: { container, labels } }: Reading): Promise<Figure[]> {
  const process = container?.observed.isSandbox ? container.observed.state.pid : labels.id === "/" ? "self" : undefined;
  const interfaces = process === undefined ? [] : await interfaceCounts(process);
  return interfaces.flatMap((one) =>
    families.map(([name, help, key]): Figure => ({
      name: `container_network_${name}_total`,
      type: "counter",
      help: `Cumulative count of ${help}`,
      value: one[key],
      labels: { interface: one.name },
    }))
  );
}
