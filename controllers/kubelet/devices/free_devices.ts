/** Which devices of a resource nobody holds: no container of a pod that may still run, and none that is being made. */
import type { Observed } from "../container/identity.ts";
import { initContainersOf, isSidecar, isTerminal } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";

export interface Wanted {
  readonly resource: string;
  readonly healthy: readonly string[];
  /** Who asks; what it has itself is free for it. */
  readonly own: string;
}

/** How a container is named beyond its pod. */
export function holderOf(podUid: string, container: string): string {
  return `${podUid}/${container}`;
}

export function freeDevices(agent: Agent, { resource, healthy, own }: Wanted): string[] {
  const containers = agent.mirror.all();
  const others = containers.filter(({ podUid, name }) => holderOf(podUid, name) !== own);
  const held = others.filter((one) => holds(agent, one)).map(({ devices }) => devices);
  forgetMade(agent, containers);
  const chosen = [...agent.chosenDevices].filter(([holder]) => holder !== own).map(([, devices]) => devices);
  const taken = new Set([...held, ...chosen].flatMap((devices) => devices[resource] ?? []));
  return healthy.filter((id) => !taken.has(id));
}

/** A choice counts until its container is there and speaks for itself, or its pod is gone. */
function forgetMade({ pods, chosenDevices }: Agent, containers: readonly Observed[]): void {
  const made = new Set(containers.map(({ podUid, name }) => holderOf(podUid, name)));
  const known = new Set(pods.list().map(({ metadata }) => metadata.uid));
  for (const holder of chosenDevices.keys()) {
    if (made.has(holder) || !known.has(holder.split("/")[0]!)) chosenDevices.delete(holder);
  }
}

/** An init container leaves its devices to those that come after it; others keep them until their pod has ended. */
function holds({ pods }: Agent, { podUid, podName, podNamespace, name, state }: Observed): boolean {
  if (state.status !== "exited") return true;
  const pod = pods.get(`${podNamespace}/${podName}`);
  if (!pod || pod.metadata.uid !== podUid || isTerminal(pod)) return false;
  const init = initContainersOf(pod).find((one) => one.name === name);
  return !init || isSidecar(init);
}
