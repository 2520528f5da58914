/** Pods that must go so that the node has room. */
import { type Pod, specOf } from "../pod/pod.ts";
import type { Agent } from "../sync/agent.ts";
import { endPod } from "../sync/end_pod.ts";
import { diskUse } from "./disk_use.ts";
import { type Candidate, type Eviction, isSpared, planEviction } from "./eviction_plan.ts";
import type { Crossing } from "./eviction_watch.ts";
import { hasDiskLimit, overfull } from "./local_storage.ts";

/** The pod that must go for this, or nobody can. Nothing is measured before it has come so far. */
export async function evictFor(agent: Agent, crossing: Crossing): Promise<Pod | undefined> {
  const candidates = await candidatesFor(agent, crossing);
  const eviction = planEviction(crossing, candidates);
  if (!eviction) return undefined;
  agent.tally.add("kubelet_evictions", { eviction_signal: crossing.threshold.signal });
  await evict(agent, eviction, crossing.threshold.graceMs === 0 ? 0 : softGrace(agent, eviction.pod));
  return eviction.pod;
}

/** Who has limits on disk is measured each time, and only who has. */
export async function evictOverfull(agent: Agent): Promise<void> {
  for (const pod of podsOf(agent)) {
    if (isSpared({ pod, isStatic: agent.pods.isStatic(pod) }) || !hasDiskLimit(pod)) continue;
    const message = overfull(pod, await diskUse(agent, pod));
    if (!message) continue;
    agent.tally.add("kubelet_evictions", { eviction_signal: "ephemeralpodfs.limit" });
    await evict(agent, { pod, message }, 0);
  }
}

/** Seconds; negative in the configuration leaves it to the pod. */
function softGrace({ configuration: { evictionMaxPodGracePeriod: most } }: Agent, pod: Pod): number {
  const own = specOf(pod).terminationGracePeriodSeconds ?? 30;
  return most < 0 ? own : Math.min(own, most);
}

async function candidatesFor(agent: Agent, { threshold: { signal } }: Crossing): Promise<Candidate[]> {
  const { containers } = await agent.usage.read();
  const isDisk = signal.startsWith("nodefs") || signal.startsWith("imagefs");
  return await Promise.all(
    podsOf(agent).map(async (pod) => {
      const disk = isDisk ? await diskUse(agent, pod) : undefined;
      const own = containers.filter(({ observed }) => observed.podUid === pod.metadata.uid && !observed.isSandbox);
      return {
        pod,
        isStatic: agent.pods.isStatic(pod),
        containers: own.map(({ observed, figures }) => ({
          name: observed.name,
          memoryBytes: figures.workingSetBytes,
          processes: figures.processes.length,
          diskBytes: disk?.containers.get(observed.name) ?? 0,
        })),
        volumeBytes: [...disk?.volumes.values() ?? []].reduce((sum, bytes) => sum + bytes, 0),
      };
    }),
  );
}

function podsOf(agent: Agent): Pod[] {
  return agent.pods.list().filter((pod) => specOf(pod).nodeName === agent.options.nodeName);
}

async function evict(agent: Agent, { pod, message }: Eviction, graceSeconds: number): Promise<void> {
  agent.context.recorder.event(pod, "Warning", "Evicted", message);
  await endPod(agent, pod, { reason: "Evicted", message, graceSeconds });
}
