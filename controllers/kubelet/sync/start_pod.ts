/**
 * Starting: the sandbox, its network, the volumes and the containers, overlapped as far as they don't need one another.
 *
 *     sandbox created and started ──┬── CNI ADD ──────────────┬── containers started
 *     images looked up ── volumes ──┴── containers created ───┘
 *
 * A container whose environment names the pod's address is created after the network; all others meanwhile.
 */
import { sandboxSpec } from "../container/container_spec.ts";
import { ConfigError } from "../container/env.ts";
import { unheldLimits } from "../container/resources.ts";
import { refuseRoot } from "../container/security.ts";
import { sysctlsOf } from "../container/sysctls.ts";
import { endTogether } from "../groups/end_together.ts";
import { setNetSysctls } from "../network/net_sysctls.ts";
import type { Step, Waiting } from "../pod/pod_plan.ts";
import {
  allContainersOf,
  type Container,
  ephemeralContainersOf,
  fieldPathOf,
  initContainersOf,
  type Pod,
  specOf,
} from "../pod/pod.ts";
import { MountError } from "../volumes/payload.ts";
import type { MountedVolumes } from "../volumes/pod_volumes.ts";
import { type Agent, hostIpsOf, podIpsOf } from "./agent.ts";
import { createAnew, createContainer, type Ground } from "./create_container.ts";
import { runPostStart } from "./lifecycle.ts";
import type { PodMemory } from "./pod_memory.ts";
import { writeIdentity, writeNameFiles } from "./pod_files.ts";
import { pullCredentials } from "./pull_secrets.ts";
import { awaitOwnNetwork } from "./own_network.ts";
import { checkRuntimeHandler } from "./runtime_handler.ts";
import { beginStop } from "./stop_container.ts";

type StartStep = Extract<Step, { type: "start" }>;
type SandboxStep = Extract<Step, { type: "sandbox" }>;

export interface Starting {
  readonly starts: readonly StartStep[];
  /** Absent: the sandbox runs and is wired. */
  readonly sandbox?: SandboxStep;
  readonly memory: PodMemory;
}

/** A failure that was told already, at the place where it happened. */
class Told extends Error {}

/** Returns how many containers were started. */
export async function startContainers(agent: Agent, pod: Pod, starting: Starting): Promise<number> {
  const { memory, starts } = starting;
  const ground = lay(agent, pod, starting);
  const results = await Promise.all(starts.map((step) => startOne(agent, pod, { step, ground, memory })));
  const laid = await Promise.allSettled([ground.sandbox, ground.podIps, ground.volumes]);
  memory.failedSyncs = laid.some(({ status }) => status === "rejected") || results.includes("failed")
    ? memory.failedSyncs + 1
    : 0;
  const volumes = laid[2];
  if (volumes?.status === "fulfilled") memory.renewAt = (volumes.value as MountedVolumes).renewAt;
  return results.filter((result) => result === "started").length;
}

function lay(agent: Agent, pod: Pod, { sandbox: step }: Starting): Ground {
  const asked = agent.claims.prepare(pod);
  const claims = told(agent, pod, "FailedPrepareDynamicResources", "Failed to prepare dynamic resources: ", asked);
  const group = told(
    agent,
    pod,
    "FailedCreatePodContainer",
    "unable to ensure pod container exists: ",
    claims.then(() => makeGroup(agent, pod)),
  );
  const made = group.then(() => ensureSandbox(agent, pod, step));
  const sandbox = told(agent, pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: ", made);
  const connected = sandbox.then((running) => connect(agent, pod, running));
  const podIps = told(agent, pod, "FailedCreatePodSandBox", "Failed to create pod sandbox: ", connected);
  const volumes = told(agent, pod, "FailedMount", "", setUpVolumes(agent, pod, podIps));
  const ground = { sandbox, podIps, volumes };
  for (const part of Object.values(ground)) part.catch(() => {});
  return ground;
}

async function told<T>(agent: Agent, pod: Pod, reason: string, prefix: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Told) throw error;
    const message = prefix + messageOf(error);
    agent.context.recorder.event(pod, "Warning", reason, message);
    throw new Told(message, { cause: error });
  }
}

async function ensureSandbox(
  agent: Agent,
  pod: Pod,
  step: SandboxStep | undefined,
): Promise<{ id: string; pid: number }> {
  const running = agent.mirror.of(pod.metadata.uid).findLast((one) => one.isSandbox && one.state.status === "running");
  if (running && (!step || step.id)) return running.state;
  await checkRuntimeHandler(agent, pod);
  const { clusterDomain } = agent.configuration;
  const cgroupParent = await agent.groups.parentOf(pod);
  const spec = sandboxSpec(pod, { attempt: step?.attempt ?? 0, clusterDomain, cgroupParent });
  const answer = await agent.puller.ensure({ image: spec.image, policy: "IfNotPresent", pod: "", report: () => {} });
  if (answer.type !== "present") throw new Error(`image ${spec.image} could not be made`);
  const id = await createAnew(agent, spec);
  await agent.engine.start(id);
  agent.tally.add("kubelet_started_pods_total");
  const observed = await agent.mirror.refresh(id);
  if (!observed || observed.state.status !== "running") throw new Error("the sandbox ended as soon as it was started");
  if (cgroupParent === undefined) tellUnheldLimits(agent, pod);
  return observed.state;
}

function tellUnheldLimits(agent: Agent, pod: Pod): void {
  const names = unheldLimits(pod).join(", ");
  const message = `Limits of the pod as a whole hold for each container, not for all together: ${names}`;
  if (names) agent.context.recorder.event(pod, "Warning", "PodLimitsNotShared", message);
}

/** Whoever dies here knows the pod again by its folder. */
async function makeGroup(agent: Agent, pod: Pod): Promise<void> {
  await writeIdentity(agent, pod);
  await agent.groups.grow(pod);
}

async function connect(agent: Agent, pod: Pod, sandbox: { id: string; pid: number }): Promise<readonly string[]> {
  const present = await podIpsOf(agent, pod, sandbox.id);
  if (present.length > 0) return present;
  await awaitOwnNetwork(sandbox.pid, agent.context.clock);
  await setNetSysctls(sandbox.pid, sysctlsOf(pod).net);
  return await agent.network.connect(pod, sandbox);
}

/** Volumes that tell the pod's address wait for it; the others don't. */
async function setUpVolumes(agent: Agent, pod: Pod, podIps: Promise<readonly string[]>): Promise<MountedVolumes> {
  const known = JSON.stringify(specOf(pod).volumes ?? []).includes("status.podIP") ? await podIps : [];
  await writeIdentity(agent, pod);
  await writeNameFiles(agent, pod, known);
  const facts = { podIps: known, hostIps: hostIpsOf(agent), nodeAllocatable: agent.amounts.allocatable };
  return await agent.volumes.setUp(pod, facts);
}

interface StartingOne {
  readonly step: StartStep;
  readonly ground: Ground;
  readonly memory: PodMemory;
}

type Result = "started" | "waiting" | "failed";

async function startOne(agent: Agent, pod: Pod, { step, ground, memory }: StartingOne): Promise<Result> {
  const container = allContainersOf(pod).find(({ name }) => name === step.name)!;
  const container_type = typeOf(pod, step.name);
  const tell = (type: "Normal" | "Warning", reason: string, message: string) =>
    agent.context.recorder.event(pod, type, reason, message, { fieldPath: fieldPathOf(pod, container.name) });
  try {
    const image = await agent.puller.ensure({
      image: container.image ?? "",
      policy: container.imagePullPolicy as "Always" | undefined,
      pod: `${pod.metadata.namespace}/${pod.metadata.name}`,
      credentials: await pullCredentials(agent, pod, container.image ?? ""),
      report: tell,
    });
    if (image.type === "waiting") {
      return wait(agent, pod, { waiting: image, memory, name: step.name, againMs: image.againMs });
    }
    const refusal = refuseRoot(pod, container, image.image.user);
    if (refusal) throw new ConfigError(refusal);
    const id = await createContainer(agent, pod, { container, step, ground });
    tell("Normal", "Created", "Container created");
    await writeNameFiles(agent, pod, await ground.podIps);
    await start(agent, id);
    tell("Normal", "Started", "Container started");
    agent.tally.add("kubelet_started_containers_total", { container_type });
    memory.failures.delete(step.name);
    runPostStart(agent, pod, { container, id }, () => {
      const message = "FailedPostStartHook";
      beginStop(agent, pod, { step: { type: "stop", id, name: container.name, message }, memory });
    });
    return "started";
  } catch (error) {
    if (error instanceof Told) return "failed";
    const waiting = reasonOf(error);
    memory.failures.set(step.name, waiting);
    tell("Warning", "Failed", `Error: ${waiting.message}`);
    agent.tally.add("kubelet_started_containers_errors_total", { container_type, code: waiting.reason });
    return "failed";
  }
}

function typeOf(pod: Pod, name: string): string {
  const isOneOf = (some: readonly Container[]) => some.some((one) => one.name === name);
  if (isOneOf(initContainersOf(pod))) return "init_container";
  return isOneOf(ephemeralContainersOf(pod)) ? "ephemeral_container" : "container";
}

interface WaitingFor {
  readonly waiting: Waiting;
  readonly memory: PodMemory;
  readonly name: string;
  readonly againMs?: number;
}

function wait(agent: Agent, pod: Pod, { waiting, memory, name, againMs }: WaitingFor): Result {
  if (waiting.reason === "ContainerCreating") memory.failures.delete(name);
  else memory.failures.set(name, { reason: waiting.reason, message: waiting.message });
  const key = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (againMs !== undefined) agent.context.clock.after(againMs, () => agent.enqueue(key));
  return "waiting";
}

class StartError extends Error {}

async function start(agent: Agent, id: string): Promise<void> {
  try {
    await agent.engine.start(id);
  } catch (error) {
    throw new StartError(messageOf(error), { cause: error });
  } finally {
    const observed = await agent.mirror.refresh(id);
    if (observed && !agent.configuration.singleProcessOOMKill) await endTogether(observed.state.pid);
  }
}

function reasonOf(error: unknown): Waiting {
  const message = messageOf(error);
  if (error instanceof ConfigError || error instanceof MountError) {
    return { reason: "CreateContainerConfigError", message };
  }
  if (error instanceof StartError) return { reason: "RunContainerError", message };
  return { reason: "CreateContainerError", message };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
