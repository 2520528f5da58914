/** Ends a pod for the node's sake: its status says why, and the loop that sees it stops the containers. */
import $ from "dax";
import { isReason, type Json, keyOf, Pod as PodKind, refOf } from "../../../runtime/schema/mod.ts";
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import { type Pod, specOf } from "../pod/pod.ts";
import { rfc3339 } from "../pod/rfc3339.ts";
import type { Agent } from "../sync/agent.ts";
import { type Eviction, planEviction, type Signal } from "./eviction_plan.ts";

/** Nothing is measured while there is enough of everything. */
export async function evictForPressure(agent: Agent, signals: readonly Signal[]): Promise<void> {
  if (signals.every(({ available, threshold }) => available >= threshold)) return;
  const { containers } = await agent.usage.read();
  const candidates = podsOf(agent).map((pod) => {
    const own = containers.filter(({ observed }) => observed.podUid === pod.metadata.uid);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    return {
      pod,
      memoryBytes: sum(own.map(({ figures }) => figures.workingSetBytes)),
      processes: sum(own.map(({ figures }) => figures.processes)),
    };
  });
  const eviction = planEviction(signals, candidates);
  if (eviction) await evict(agent, eviction);
}

/** emptyDir volumes on disk are measured where they have a limit, and only there. */
export async function evictOverfull(agent: Agent): Promise<void> {
  for (const pod of podsOf(agent)) {
    if (pod.metadata.deletionTimestamp || ["Succeeded", "Failed"].includes(pod.status?.phase ?? "")) continue;
    for (const { name, emptyDir } of specOf(pod).volumes ?? []) {
      if (emptyDir?.sizeLimit === undefined || emptyDir.medium) continue;
      const folder = `${agent.volumes.podDir(pod.metadata.uid)}/volumes/kubernetes.io~empty-dir/${name}`;
      if (await usedBytes(folder) <= unitsOf(String(emptyDir.sizeLimit))) continue;
      const message = `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `;
      await evict(agent, { pod, message });
      break;
    }
  }
}

function podsOf(agent: Agent): Pod[] {
  return agent.pods.list().filter((pod): pod is Pod => pod.spec?.nodeName === agent.options.nodeName);
}

/** Files may go while they are counted. */
async function usedBytes(folder: string): Promise<number> {
  const { stdout } = await $`du --summarize --one-file-system --block-size=1 ${folder}`.quiet().noThrow();
  return Number(stdout.split("\t")[0] ?? 0) || 0;
}

async function evict(agent: Agent, { pod, message }: Eviction): Promise<void> {
  const { client, clock, recorder } = agent.context;
  recorder.event(pod, "Warning", "Evicted", message);
  const reason = "TerminationByKubelet";
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason,
    message,
    lastTransitionTime: rfc3339(clock.now()),
  };
  const body: Json = {
    metadata: { uid: pod.metadata.uid },
    status: { phase: "Failed", reason: "Evicted", message, conditions: [condition] },
  };
  try {
    await client.patch(PodKind, refOf(keyOf(pod)), { type: "strategic", body }, { subresource: "status" });
  } catch (error) {
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}
