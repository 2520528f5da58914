/** `postStart` and `preStop` hooks. A hook that fails is told; a failed `postStart` ends its container. */
import { check } from "../probes/check.ts";
import { type Container, fieldPathOf, type LifecycleHandler, type Pod } from "../pod/pod.ts";
import type { Agent } from "./agent.ts";
import { podIpsOf } from "./agent.ts";

/** Nothing bounds a postStart hook but its container's life. */
const longestMs = 24 * 60 * 60 * 1000;

interface Hook {
  readonly container: Container;
  readonly id: string;
  readonly handler: LifecycleHandler;
}

/** Goes on beside the loop; a hook that fails ends its container. */
export function runPostStart(agent: Agent, pod: Pod, started: Pick<Hook, "container" | "id">, end: () => void): void {
  const handler = started.container.lifecycle?.postStart;
  if (!handler) return;
  runHook(agent, pod, { ...started, handler }, longestMs).then((problem) => {
    if (problem === undefined || agent.context.signal.aborted) return;
    tell(agent, pod, started.container, "FailedPostStartHook", `PostStartHook failed: ${problem}`);
    end();
  });
}

/** Returns when the hook has ended or its time is over; it never keeps a container from being stopped. */
export async function runPreStop(
  agent: Agent,
  pod: Pod,
  hook: Hook & { readonly graceSeconds: number },
): Promise<void> {
  const problem = await runHook(agent, pod, hook, hook.graceSeconds * 1000);
  if (problem !== undefined) tell(agent, pod, hook.container, "FailedPreStopHook", `PreStopHook failed: ${problem}`);
}

function tell(agent: Agent, pod: Pod, { name }: Container, reason: string, message: string): void {
  agent.context.recorder.event(pod, "Warning", reason, message, { fieldPath: fieldPathOf(pod, name) });
}

async function runHook(
  agent: Agent,
  pod: Pod,
  { container, id, handler }: Hook,
  timeoutMs: number,
): Promise<string | undefined> {
  if (handler.sleep) {
    const ms = Math.min(timeoutMs, handler.sleep.seconds * 1000);
    await new Promise<void>((resolve) => agent.context.clock.after(ms, resolve));
    return undefined;
  }
  const sandbox = agent.mirror.of(pod.metadata.uid).findLast((one) => one.isSandbox && one.state.status === "running");
  const podIp = (await podIpsOf(agent, pod, sandbox?.state.id))[0] ?? "";
  const result = await check(handler, { engine: agent.engine, containerId: id, container, podIp }, timeoutMs);
  return result.ok ? undefined : result.message;
}
