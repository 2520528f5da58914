/**
 * What a pod may use on this node: what it was given, and more once a resize that asks for it fits. Pure. (KEP-1287)
 *
 * What was given is what the status says of each container: it outlives the agent.
 */
import { addAmounts, type Amounts, amountsOf } from "../../scheduler/amounts.ts";
import { podRequests } from "../../scheduler/pod_requests.ts";
import { type Container, isTerminal, type Pod, specOf, statusesOf } from "./pod.ts";

export interface Allocation {
  /** The pod with the resources that are its own now. */
  readonly pod: Pod;
  /** Why a resize has to wait. */
  readonly pending?: { readonly reason: "Deferred" | "Infeasible"; readonly message: string };
}

export interface NodeRoom {
  /** Of `cpu`, `memory` and others. */
  readonly allocatable: Amounts;
  /** By the other pods of the node. */
  readonly used: Amounts;
}

export function allocate(pod: Pod, room: () => NodeRoom): Allocation {
  const given = asGiven(pod);
  if (given === pod) return { pod };
  const asked = podRequests(specOf(pod));
  const { allocatable, used } = room();
  const large = shortage(asked, allocatable, {});
  if (large) {
    const { name, requested, capacity } = large;
    const message = `Node didn't have enough capacity: ${name}, requested: ${requested}, capacity: ${capacity}`;
    return { pod: given, pending: { reason: "Infeasible", message } };
  }
  const busy = shortage(asked, allocatable, used);
  return busy ? { pod: given, pending: { reason: "Deferred", message: shortageText(busy) } } : { pod };
}

/** What pods that hold a place on the node have been given together. */
export function usedBy(pods: readonly Pod[]): Amounts {
  const used: Record<string, number> = {};
  for (const pod of pods) if (!isTerminal(pod)) addAmounts(used, podRequests(specOf(asGiven(pod))));
  return used;
}

export function roomOf(allocatable: Readonly<Record<string, string>>, others: readonly Pod[]): NodeRoom {
  return { allocatable: amountsOf(allocatable), used: usedBy(others) };
}

export interface Shortage {
  readonly name: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** The first resource that the node lacks. What the node doesn't count, it doesn't lack. */
export function shortage(asked: Amounts, allocatable: Amounts, used: Amounts): Shortage | undefined {
  for (const name of Object.keys(asked).sort()) {
    const [requested, taken, capacity] = [asked[name]!, used[name] ?? 0, allocatable[name]];
    if (capacity === undefined || requested === 0) continue;
    if (requested + taken > capacity) return { name, requested, used: taken, capacity };
  }
}

export function shortageText({ name, requested, used, capacity }: Shortage): string {
  return `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`;
}

/** The pod itself when its containers have what they ask for. */
function asGiven(pod: Pod): Pod {
  const given = new Map(statusesOf(pod).map(({ name, resources }) => [name, resources]));
  let same = true;
  const view = (container: Container): Container => {
    const resources = given.get(container.name);
    if (!resources || sameResources(container.resources, resources)) return container;
    same = false;
    return { ...container, resources };
  };
  const spec = specOf(pod);
  const containers = spec.containers.map(view);
  const initContainers = spec.initContainers?.map(view);
  return same ? pod : { ...pod, spec: { ...spec, containers, ...(initContainers && { initContainers }) } };
}

type Resources = Container["resources"];

function sameResources(a: Resources, b: Resources): boolean {
  return sameAmounts(a?.requests, b?.requests) && sameAmounts(a?.limits, b?.limits);
}

function sameAmounts(a: Record<string, string | number> = {}, b: Record<string, string | number> = {}): boolean {
  const [left, right] = [amountsOf(a), amountsOf(b)];
  return [...Object.keys(left), ...Object.keys(right)].every((name) => left[name] === right[name]);
}
