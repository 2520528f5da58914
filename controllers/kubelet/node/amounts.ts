/**
 * What the node has, and what of it pods may have: without what is reserved for the machine, and for the moment at which pods
 * are evicted. Pure.
 *
 * Source: Kubernetes docs, "Reserve Compute Resources for System Daemons", node allocatable.
 */
import { addAmounts, type Amounts, amountsOf } from "../../scheduler/amounts.ts";
import type { NodeConfiguration } from "../configuration/document.ts";
import { thresholdsOf, unitsAt } from "../configuration/thresholds.ts";
import type { MachineFacts } from "./machine.ts";

/** Resource name to quantity. */
type Quantities = Readonly<Record<string, string>>;

export interface NodeAmounts {
  readonly capacity: Quantities;
  readonly allocatable: Quantities;
}

type Machine = Pick<MachineFacts, "cpus" | "capacity">;

/** Throws an Error when more is reserved than there is. */
export function nodeAmounts(machine: Machine, configuration: NodeConfiguration): NodeAmounts {
  const counts = { "hugepages-1Gi": "0", "hugepages-2Mi": "0", pods: String(podsOf(machine, configuration)) };
  const there = amountsOf(machine.capacity);
  const allocatable = Object.entries(machine.capacity).map(([name, quantity]) => {
    const reserved = reservedOf(name, configuration, there[name]!);
    const left = there[name]! - reserved;
    if (left < 0) throw new Error(overdrawn(name, reserved, there[name]!));
    return [name, reserved === 0 ? quantity : textOf(name, left)];
  });
  return {
    capacity: { ...machine.capacity, ...counts },
    allocatable: { ...Object.fromEntries(allocatable), ...counts },
  };
}

/** What is there without what is reserved: what pods are held to, as `amountsOf` counts. */
export function reservableAmounts({ capacity }: Machine, { systemReserved, kubeReserved }: NodeConfiguration): Amounts {
  const left = amountsOf(capacity);
  for (const reserved of [systemReserved, kubeReserved]) addAmounts(left, amountsOf(reserved), -1);
  return left;
}

function podsOf({ cpus }: Machine, { maxPods, podsPerCore }: NodeConfiguration): number {
  return podsPerCore > 0 ? Math.min(maxPods, podsPerCore * cpus) : maxPods;
}

const evictedAt: Readonly<Record<string, string>> = {
  memory: "memory.available",
  "ephemeral-storage": "nodefs.available",
};

function reservedOf(name: string, configuration: NodeConfiguration, capacity: number): number {
  const { systemReserved, kubeReserved } = configuration;
  const hard = thresholdsOf(configuration).find(({ signal, graceMs }) => graceMs === 0 && signal === evictedAt[name]);
  const threshold = hard ? Math.floor(unitsAt(hard.level, capacity)) : 0;
  return [systemReserved, kubeReserved].reduce((sum, one) => sum + (amountsOf(one)[name] ?? 0), threshold);
}

/** As `amountsOf` counts. */
function textOf(name: string, amount: number): string {
  if (name === "cpu") return `${amount}m`;
  return name === "memory" ? `${Math.floor(amount / 1024)}Ki` : String(amount);
}

function overdrawn(name: string, reserved: number, capacity: number): string {
  return `invalid Node Allocatable configuration. Resource "${name}" has a reservation of ${textOf(name, reserved)} ` +
    `but capacity of ${textOf(name, capacity)}. Expected capacity >= reservation.`;
}
