/** One pass over one pod: look, plan, do, and say how it stands. */
import { done, type Outcome, requeueAfter } from "../../../runtime/loop/mod.ts";
import { type Key, keyOf } from "../../../runtime/schema/mod.ts";
import type { Observed } from "../container/identity.ts";
import { terminationMessage } from "../container/termination_message.ts";
import { planPod } from "../pod/plan_pod.ts";
import type { PodFacts, PodPlan, Refusal, Step } from "../pod/pod_plan.ts";
import { fieldPathOf, type Pod, specOf } from "../pod/pod.ts";
import { keepMirror } from "../static/mirror_pod.ts";
import { type Agent, podIpsOf } from "./agent.ts";
import type { PodMemory } from "./pod_memory.ts";
import { purgeLeftovers, purgePod } from "./purge_pod.ts";
import { place } from "./place_pod.ts";
import { growGroup, resizeContainer, settleGroup } from "./resize_container.ts";
import { reportStatus } from "./report_status.ts";
import { startContainers } from "./start_pod.ts";
import { beginStop } from "./stop_container.ts";

/** A plan may make the next one possible at once (a removal before a start): so often is it looked at again. */
const maxRounds = 4;
const firstRetryMs = 500;
const maxRetryMs = 60_000;

export async function syncPod(agent: Agent, key: Key): Promise<Outcome> {
  const known = agent.pods.get(key);
  // What the API server wants is not known: nothing is anybody's leftover.
  if (!known && !agent.apiSeen) return done;
  const mirrored = keepMirror(agent, key);
  mirrored.catch(() => {});
  await purgeLeftovers(agent, key, known?.metadata.uid);
  const outcome = known ? await syncKnown(agent, known) : done;
  await mirrored;
  return outcome;
}

async function syncKnown(agent: Agent, known: Pod): Promise<Outcome> {
  const memory = agent.memories.of(known.metadata.uid);
  if (agent.engineProblem !== undefined) return requeueAfter(1000);
  const { pod, ...given } = place(agent, newest(known, memory));
  memory.resizePending = given.pending;
  if (given.refusal) agent.context.recorder.event(pod, "Warning", given.refusal.reason, given.refusal.message);
  const plan = await act(agent, pod, { memory, refusal: given.refusal });
  if (!agent.mirror.of(pod.metadata.uid).some(isRunningContainer)) memory.ending?.over();
  if (plan === "purged") return done;
  if (plan.ended) await releaseVolumes(agent, pod, memory);
  else await settleGroup(agent, pod, memory);
  await rememberMessages(agent, pod, memory);
  tellBackOffs(agent, pod, { plan, memory });
  await reportStatus(agent, pod, { plan, memory });
  agent.probes.sync(pod, agent.mirror.of(pod.metadata.uid), await currentIps(agent, pod));
  return again(agent, plan, memory);
}

/** Our own status write may not have come back yet. */
function newest(known: Pod, { latest }: PodMemory): Pod {
  if (!latest) return known;
  return BigInt(latest.metadata.resourceVersion) > BigInt(known.metadata.resourceVersion) ? latest : known;
}

/** Once none of its containers runs any more. */
async function releaseVolumes(agent: Agent, pod: Pod, memory: PodMemory): Promise<void> {
  if (memory.released || agent.mirror.of(pod.metadata.uid).some(isRunningContainer)) return;
  try {
    await agent.volumes.release({ uid: pod.metadata.uid, key: keyOf(pod) });
    await agent.claims.release(pod.metadata.uid);
    await agent.groups.remove(pod.metadata.uid);
    Object.assign(memory, { released: true, renewAt: undefined });
  } catch (error) {
    agent.context.log.warn("volumes of an ended pod stay", { error });
    memory.failedSyncs += 1;
  }
}

interface Acting {
  readonly memory: PodMemory;
  readonly refusal?: Refusal;
}

async function act(agent: Agent, pod: Pod, { memory, refusal }: Acting): Promise<PodPlan | "purged"> {
  for (let round = 1;; round++) {
    const plan = planPod({ ...await factsOf(agent, pod, memory), refusal });
    if (plan.steps.some((step) => step.type === "purge")) {
      await purgePod(agent, pod, memory);
      return "purged";
    }
    // Who watches learns of an end at once, not when the next attempt runs.
    if (plan.steps.some((step) => step.type === "start" && step.attempt > 0)) {
      await rememberMessages(agent, pod, memory);
      // The API server may be away: what has ended runs again all the same.
      await reportStatus(agent, pod, { plan, memory }).catch((error) =>
        agent.context.log.debug("an end could not be told", { error })
      );
    }
    const progressed = await perform(agent, pod, { plan, memory });
    if (!progressed || round >= maxRounds) return progressed ? { ...plan, againMs: 0 } : plan;
  }
}

async function factsOf(agent: Agent, pod: Pod, memory: PodMemory): Promise<PodFacts> {
  const observed = agent.mirror.of(pod.metadata.uid);
  const podIps = await currentIps(agent, pod);
  if (podIps.length > 0) memory.podIps = podIps;
  return {
    pod,
    observed,
    networkReady: podIps.length > 0,
    verdict: (id) => agent.probes.verdict(pod, id, observed),
    stopping: memory.stopping,
    ending: memory.ending,
    now: agent.context.clock.now(),
  };
}

function currentIps(agent: Agent, pod: Pod): Promise<readonly string[]> {
  const sandbox = agent.mirror.of(pod.metadata.uid).findLast(isRunningSandbox);
  return podIpsOf(agent, pod, sandbox?.state.id);
}

function isRunningContainer({ isSandbox, state }: Observed): boolean {
  return !isSandbox && state.status === "running";
}

function isRunningSandbox({ isSandbox, state }: Observed): boolean {
  return isSandbox && state.status === "running";
}

interface Doing {
  readonly plan: PodPlan;
  readonly memory: PodMemory;
}

/** Whether the world is another one now, so that a new plan may say more. */
async function perform(agent: Agent, pod: Pod, { plan, memory }: Doing): Promise<boolean> {
  const { steps } = plan;
  for (const step of steps) if (step.type === "stop") beginStop(agent, pod, { step, memory });
  const resizes = steps.filter((step) => step.type === "resize");
  const roomy = resizes.length === 0 || await growGroup(agent, pod, memory);
  const resized = !roomy ? [] : await Promise.all(resizes.map((step) => resizeContainer(agent, pod, { step, memory })));
  const removals = steps.filter((step) => step.type === "remove" || step.type === "dropSandbox");
  await Promise.all(removals.map((step) => remove(agent, step)));
  const starts = steps.filter((step) => step.type === "start");
  if (starts.length === 0) {
    if (!plan.ended && !pod.metadata.deletionTimestamp) await refreshVolumes(agent, pod, memory);
    return removals.length > 0 || resized.includes(true);
  }
  const sandbox = steps.find((step) => step.type === "sandbox");
  const started = await startContainers(agent, pod, { starts, sandbox, memory });
  return started > 0 || resized.includes(true);
}

async function remove(
  agent: Agent,
  { type, id }: Extract<Step, { id: string }> | { type: string; id: string },
): Promise<void> {
  if (type === "dropSandbox") await agent.network.disconnect(id);
  await agent.engine.remove(id);
  agent.mirror.forget(id);
}

/** ConfigMaps, Secrets and tokens change under running containers. What fails here is tried again with the next pass. */
async function refreshVolumes(agent: Agent, pod: Pod, memory: PodMemory): Promise<void> {
  if ((specOf(pod).volumes ?? []).length === 0) return;
  const podIps = await currentIps(agent, pod);
  const facts = { podIps, hostIps: [agent.options.nodeIp], nodeAllocatable: agent.amounts.allocatable };
  try {
    memory.renewAt = (await agent.volumes.setUp(pod, facts)).renewAt;
  } catch (error) {
    agent.context.log.warn("volumes could not be refreshed", { error });
    memory.renewAt = agent.context.clock.now() + maxRetryMs;
  }
}

async function rememberMessages(agent: Agent, pod: Pod, { messages }: PodMemory): Promise<void> {
  for (const observed of agent.mirror.of(pod.metadata.uid)) {
    const { id, status } = observed.state;
    if (observed.isSandbox || status !== "exited" || messages.has(id)) continue;
    messages.set(id, await terminationMessage(agent.engine, observed));
  }
}

function tellBackOffs(agent: Agent, pod: Pod, { plan, memory }: Doing): void {
  const { name: podName, namespace, uid } = pod.metadata;
  for (const [name, { reason }] of plan.waiting) {
    const id = agent.mirror.of(uid).findLast((one) => one.name === name)?.state.id ?? "";
    if (reason !== "CrashLoopBackOff" || memory.toldBackOff.has(id)) continue;
    memory.toldBackOff.add(id);
    const message = `Back-off restarting failed container ${name} in pod ${podName}_${namespace}(${uid})`;
    agent.context.recorder.event(pod, "Warning", "BackOff", message, { fieldPath: fieldPathOf(pod, name) });
  }
}

function again(agent: Agent, { againMs }: PodPlan, memory: PodMemory): Outcome {
  const waits = [againMs, memory.renewAt === undefined ? undefined : memory.renewAt - agent.context.clock.now()];
  if (memory.failedSyncs > 0) waits.push(Math.min(maxRetryMs, firstRetryMs * 2 ** (memory.failedSyncs - 1)));
  const known = waits.filter((ms) => ms !== undefined);
  return known.length === 0 ? done : requeueAfter(Math.max(10, Math.min(...known)));
}
