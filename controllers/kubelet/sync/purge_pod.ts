/** Taking away everything that a pod has on this node; each part may be repeated. */
import { isReason, type Key, keyOf, Pod as PodKind } from "../../../runtime/schema/mod.ts";
import type { Observed } from "../container/identity.ts";
import type { Pod } from "../pod/pod.ts";
import type { Agent } from "./agent.ts";
import type { PodMemory } from "./pod_memory.ts";
import { retryDeferred } from "./place_pod.ts";
import { reportStatus } from "./report_status.ts";
import { terminationMessage } from "../container/termination_message.ts";

/** Whose object is gone already has no claim on a long goodbye. */
const orphanGraceSeconds = 1;

/** A pod that was asked to go and has stopped: says how it ended, cleans up, and lets the API server forget it. */
export async function purgePod(agent: Agent, pod: Pod, memory: PodMemory): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  if (agent.pods.isStatic(pod)) return await purgeStatic(agent, pod);
  for (const observed of agent.mirror.of(uid)) {
    if (!observed.isSandbox) memory.messages.set(observed.state.id, await terminationMessage(agent.engine, observed));
  }
  await Promise.all([reportStatus(agent, pod, { plan: endPlan(agent, pod), memory }), removeContainers(agent, uid)]);
  await removeFiles(agent, uid, `${namespace}/${name}`);
  try {
    await agent.context.client.delete(PodKind, { namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } });
  } catch (error) {
    // Gone already, or another pod has the name now: either way there is nothing left to do.
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
  agent.memories.forget(uid);
  retryDeferred(agent);
}

/** Its mirror goes with the next look at its name, which may find its successor. */
async function purgeStatic(agent: Agent, { metadata }: Pod): Promise<void> {
  const key = keyOf({ metadata });
  await removeContainers(agent, metadata.uid);
  await removeFiles(agent, metadata.uid, key);
  agent.memories.forget(metadata.uid);
  agent.pods.statics.gone(key);
  agent.enqueue(key);
}

/** A pod that was stopped has failed, unless all that it ran ended well. */
function endPlan(agent: Agent, pod: Pod) {
  const ended = agent.mirror.of(pod.metadata.uid).filter((one) => !one.isSandbox);
  const well = ended.length > 0 && ended.every(({ state }) => state.exitCode === 0);
  const before = pod.status?.phase;
  const phase = before === "Failed" || before === "Succeeded" ? before : well ? "Succeeded" : "Failed";
  return { steps: [], waiting: new Map(), ended: { phase } as const };
}

/** What runs on this node under the pod's name and is not the pod that the API server knows. */
export async function purgeLeftovers(agent: Agent, key: Key, uid: string | undefined): Promise<void> {
  for (const other of agent.mirror.uidsOf(key)) {
    if (other !== uid) await purgeOrphan(agent, other, key);
  }
  if (uid !== undefined) return;
  for (const folder of await foldersOf(agent, key)) await removeFiles(agent, folder, key);
  agent.objects.release(key);
}

async function purgeOrphan(agent: Agent, uid: string, key: Key): Promise<void> {
  const running = agent.mirror.of(uid).filter((one) => !one.isSandbox && one.state.status === "running");
  await Promise.all(running.map(({ state }) => agent.engine.stop(state.id, orphanGraceSeconds)));
  await removeContainers(agent, uid);
  await removeFiles(agent, uid, key);
  agent.memories.forget(uid);
}

async function removeContainers(agent: Agent, uid: string): Promise<void> {
  agent.probes.forget(uid);
  const remove = async ({ isSandbox, state }: Observed) => {
    if (isSandbox) await agent.network.disconnect(state.id);
    await agent.engine.remove(state.id);
  };
  const all = agent.mirror.of(uid);
  await Promise.all(all.map(remove));
  for (const { state } of all) agent.mirror.forget(state.id);
}

/** The folder last: by it the rest is found. */
async function removeFiles(agent: Agent, uid: string, key: Key): Promise<void> {
  await agent.claims.release(uid);
  await agent.groups.remove(uid);
  await agent.volumes.tearDown({ uid, key });
}

/** Pod folders that say that they are this pod's. */
async function foldersOf(agent: Agent, key: Key): Promise<string[]> {
  const folders = await podFolders(agent);
  return folders.filter((folder) => folder.key === key).map(({ uid }) => uid);
}

/** Every pod that ever had files here and still has. */
export async function podFolders(agent: Agent): Promise<{ uid: string; key: Key }[]> {
  const folders: { uid: string; key: Key }[] = [];
  for await (const { name: uid, isDirectory } of Deno.readDir(agent.volumes.options.podsDir)) {
    const text = isDirectory && await Deno.readTextFile(`${agent.volumes.podDir(uid)}/pod.json`).catch(() => undefined);
    if (!text) continue;
    const { namespace, name } = JSON.parse(text) as { namespace: string; name: string };
    folders.push({ uid, key: `${namespace}/${name}` });
  }
  return folders;
}

/** Addresses of sandboxes that docker no longer has are given back. */
export async function releaseLostNetworks(agent: Agent): Promise<void> {
  for (const id of await agent.network.recorded()) {
    if (await agent.engine.inspect(id) === undefined) await agent.network.disconnect(id);
  }
}
