/** The node's half: engine and node loops, from start to stop. It prints nothing. */
import { type Client, runControllers } from "../loop/mod.ts";
import { Node } from "../schema/mod.ts";
import type { Loops, NodeCredentials } from "./loops.ts";
import type { Settings } from "./settings.ts";

export interface NodeOptions {
  readonly settings: Settings;
  readonly loops: Loops;
  readonly client: Client;
  readonly credentials: NodeCredentials;
}

export interface RunningNode {
  stop(): Promise<void>;
}

export async function startNode({ settings, loops, client, credentials }: NodeOptions): Promise<RunningNode> {
  const stopping = new AbortController();
  const { signal } = stopping;
  // A master alone needs no engine: this module is loaded there as well.
  const { dockerEngine } = await import("../engine/mod.ts");
  const engine = dockerEngine({ host: settings.dockerHost });
  const controllers = await loops.node({ settings, credentials, client, engine, signal });
  const running = runControllers(controllers, { client, signal, identity: settings.nodeName });
  return {
    async stop() {
      stopping.abort();
      await running.stop();
    },
  };
}

/** Resolves when the Node says that it is ready; throws with what it says instead when that takes too long. */
export async function untilNodeReady(client: Client, name: string, signal: AbortSignal): Promise<void> {
  let last = "it has not registered";
  for await (const event of client.watch(Node, { fieldSelector: `metadata.name=${name}`, signal })) {
    if (event.type === "BOOKMARK" || event.type === "DELETED") continue;
    const ready = event.object.status?.conditions?.find(({ type }) => type === "Ready");
    if (ready?.status === "True") return;
    last = ready?.message ?? "it has no Ready condition yet";
  }
  throw new Error(`the node ${name} is not ready: ${last}`);
}
