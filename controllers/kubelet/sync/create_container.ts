/** Makes one container of a pod, not started yet, from what was laid for it. */
import { type Device, EngineError, type Mount } from "../../../runtime/engine/mod.ts";
import { containerSpec, type sandboxSpec } from "../container/container_spec.ts";
import { devicesOf, mountsOf } from "../container/mounts.ts";
import { localSeccompProfile } from "../container/security.ts";
import { allocateDevices } from "../devices/allocate.ts";
import { cdiGrants } from "../devices/cdi.ts";
import type { Grant } from "../devices/protocol.ts";
import { defaults } from "../options.ts";
import { type Container, ephemeralContainersOf, type Pod } from "../pod/pod.ts";
import type { Step } from "../pod/pod_plan.ts";
import type { MountedVolumes } from "../volumes/pod_volumes.ts";
import type { Agent } from "./agent.ts";
import { containerEnvironment, wantsPodIp } from "./container_environment.ts";
import { writeMessageFile } from "./pod_files.ts";

/** The parts that containers wait for; each fails on its own. */
export interface Ground {
  readonly sandbox: Promise<{ id: string; pid: number }>;
  readonly podIps: Promise<readonly string[]>;
  readonly volumes: Promise<MountedVolumes>;
}

type StartStep = Extract<Step, { type: "start" }>;

export interface Creating {
  readonly container: Container;
  readonly step: StartStep;
  readonly ground: Ground;
}

export async function createContainer(agent: Agent, pod: Pod, { container, step, ground }: Creating): Promise<string> {
  const [sandbox, volumes] = await Promise.all([ground.sandbox, ground.volumes]);
  const podIps = wantsPodIp(container) ? await ground.podIps : [];
  const { ids: deviceIds, grants: given } = await allocateDevices(agent, pod, container);
  const claimed = await agent.claims.devicesOf(pod, container);
  const grants = [...given, ...await cdiGrants([...given.flatMap(cdiNames), ...claimed])];
  const own = await containerEnvironment(agent, pod, { container, podIps, volumes: volumes.paths });
  const env = new Map([...grants.flatMap(({ envs }) => Object.entries(envs)), ...own]);
  const podDir = agent.volumes.podDir(pod.metadata.uid);
  const messageSource = await writeMessageFile(podDir, container.name, step.attempt);
  const spec = containerSpec({
    pod,
    container,
    attempt: step.attempt,
    backOffSeconds: step.backOffSeconds,
    sandboxId: sandbox.id,
    seccompText: await seccompText(agent, localSeccompProfile(pod, container)),
    targetId: targetOf(agent, pod, container),
    env,
    mounts: [
      ...await mountsOf({ pod, container, podDir, volumes: volumes.paths, readOnly: volumes.readOnly, env }),
      ...grants.flatMap(mountsOfGrant),
    ],
    devices: [...devicesOf(container, volumes.devices), ...grants.flatMap(devicesOfGrant)],
    deviceIds,
    messageSource,
    nodeMemoryBytes: agent.machine.memoryBytes,
    capabilities: agent.machine.capabilities,
    configuration: agent.configuration,
    cgroupParent: await agent.groups.parentOf(pod),
  });
  return await createAnew(agent, spec);
}

function cdiNames({ cdi_devices }: Grant): string[] {
  return cdi_devices.map(({ name }) => name);
}

function mountsOfGrant({ mounts }: Grant): Mount[] {
  return mounts.map(({ container_path: target, host_path: source, read_only: readOnly }) => ({
    source,
    target,
    readOnly,
  }));
}

function devicesOfGrant({ devices }: Grant): Device[] {
  return devices.map(({ container_path: target, host_path: source, permissions }) => ({ source, target, permissions }));
}

/** Profiles of the node's own are files below `seccomp`; validation has refused paths that lead elsewhere. */
async function seccompText({ options }: Agent, profile: string | undefined): Promise<string | undefined> {
  if (profile === undefined) return undefined;
  const path = `${options.rootDir ?? defaults.rootDir}/seccomp/${profile}`;
  return await Deno.readTextFile(path).catch((cause) => {
    throw new Error(`cannot load seccomp profile "${path}": ${cause.message}`, { cause });
  });
}

/** `targetContainerName` of an ephemeral container. */
function targetOf(agent: Agent, pod: Pod, { name }: Container): string | undefined {
  const target = ephemeralContainersOf(pod).find((one) => one.name === name)?.targetContainerName;
  if (!target) return undefined;
  const running = agent.mirror.of(pod.metadata.uid).findLast((one) =>
    one.name === target && one.state.status === "running"
  );
  if (!running) throw new Error(`unable to find target container ${target}`);
  return running.state.id;
}

/** A name that is taken belongs to an attempt that was never finished. */
export async function createAnew(agent: Agent, spec: ReturnType<typeof sandboxSpec>): Promise<string> {
  try {
    return await agent.engine.create(spec);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 409) throw error;
    await agent.engine.remove(spec.name);
    return await agent.engine.create(spec);
  }
}
