/** The RuntimeClass of a pod names a way to run it; docker here knows one way, under these names. */
import { keyOf, RuntimeClass } from "../../../runtime/schema/mod.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "./agent.ts";

const handlers: readonly string[] = ["", "d8s", "runc"];

/** Throws when the pod must be run in a way that this node doesn't know. */
export async function checkRuntimeHandler(agent: Agent, pod: Pod): Promise<void> {
  const name = specOf(pod).runtimeClassName;
  if (!name) return;
  const found = await agent.objects.get(RuntimeClass, { name }, keyOf(pod));
  if (!found) throw new Error(`failed to get sandbox runtime: RuntimeClass "${name}" not found`);
  if (!handlers.includes(found.handler)) {
    throw new Error(`failed to get sandbox runtime: no runtime for "${found.handler}" is configured`);
  }
}
