/** From the names in a path to docker's container. */
import type { Observed } from "../container/identity.ts";
import { allContainersOf, type Container, type Pod, specOf, statusesOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { RequestError } from "./request_error.ts";

export function findPod(agent: Agent, namespace: string, name: string): Pod {
  const pod = agent.pods.get(`${namespace}/${name}`);
  if (!pod) throw new RequestError(404, `pod "${name}" not found in namespace "${namespace}"`);
  return pod as Pod;
}

export function findContainer(pod: Pod, name: string | undefined): Container {
  const container = name === undefined
    ? specOf(pod).containers[0]
    : allContainersOf(pod).find((one) => one.name === name);
  if (!container) throw new RequestError(404, `container "${name}" not found in pod "${pod.metadata.name}"`);
  return container;
}

/** Where a process can be started, or streams joined. */
export function runningContainer(agent: Agent, pod: Pod, name: string): Observed {
  const found = attemptsOf(agent, pod, name).findLast(({ state }) => state.status === "running");
  if (!found) throw new RequestError(500, `container not found ("${name}")`);
  return found;
}

/** The attempt whose logs are asked for; or why there is none, in upstream's words. */
export function loggedContainer(
  agent: Agent,
  pod: Pod,
  { name, previous }: { name: string; previous: boolean },
): Observed {
  const attempts = attemptsOf(agent, pod, name);
  const started = attempts.filter(({ state }) => state.startedAt !== "");
  const past = started.findLast(({ state }) => state.status === "exited" && isPast(started, state.id));
  const status = statusesOf(pod).find((one) => one.name === name);
  // What could not be started has an end, and a log without a line.
  const found = previous ? past : started.at(-1) ?? (status?.state?.terminated && attempts.at(-1));
  if (found) return found;
  const where = `container "${name}" in pod "${pod.metadata.name}"`;
  if (previous) throw new RequestError(400, `previous terminated ${where} not found`);
  if (!status) throw new RequestError(400, `${where} is not available`);
  throw new RequestError(400, `${where} is waiting to start: ${waitsFor(status.state?.waiting?.reason)}`);
}

function waitsFor(reason = "no logs yet"): string {
  if (reason === "ErrImagePull") return "image can't be pulled";
  return reason === "ImagePullBackOff" ? "trying and failing to pull image" : reason;
}

/** The last one is past only if nothing came after it and it waits to run again. */
function isPast(started: readonly Observed[], id: string): boolean {
  return started.length > 1 ? started.at(-1)!.state.id !== id : true;
}

function attemptsOf(agent: Agent, pod: Pod, name: string): Observed[] {
  return agent.mirror.of(pod.metadata.uid).filter((one) => !one.isSandbox && one.name === name);
}
