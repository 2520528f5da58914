/** Measures what one pod has on the node's disk. It reads every file of it, so it is asked only where it matters. */
import type { Observed } from "../container/identity.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { folderFigures } from "./file_system.ts";
import type { DiskUse } from "./local_storage.ts";

export async function diskUse(agent: Agent, pod: Pod): Promise<DiskUse> {
  const { uid } = pod.metadata;
  const containers = new Map<string, number>();
  for (const one of agent.mirror.of(uid).filter(({ isSandbox }) => !isSandbox)) {
    const bytes = await agent.engine.writtenBytes(one.state.id) + await logBytes(one);
    containers.set(one.name, (containers.get(one.name) ?? 0) + bytes);
  }
  const volumes = new Map<string, number>();
  for (const { name, emptyDir } of specOf(pod).volumes ?? []) {
    if (!emptyDir || emptyDir.medium) continue;
    const folder = `${agent.volumes.podDir(uid)}/volumes/kubernetes.io~empty-dir/${name}`;
    volumes.set(name, (await folderFigures([folder])).get(folder)?.usedBytes ?? 0);
  }
  return { containers, volumes };
}

/** With the files that were set aside, `LOG.1` and on. */
export async function logBytes({ state }: Observed): Promise<number> {
  if (!state.logPath) return 0;
  let sum = 0;
  for (let path = state.logPath, number = 1;; path = `${state.logPath}.${number++}`) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (!info) return sum;
    sum += info.size;
  }
}
