/** A pod's container as the engine is asked to make it. Pure: paths, addresses and environment come in. */
import type { ContainerSpec, Device, LogLimits, Mount, NamespaceMode } from "../../../runtime/engine/mod.ts";
import { pauseImage } from "../../../runtime/engine/mod.ts";
import { unitsOf } from "../../../runtime/schema/quantity.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";
import { kernelHostname } from "../network/name_files.ts";
import { oomScoreAdjOf } from "../pod/oom_score.ts";
import { type Container, type Pod, specOf } from "../pod/pod.ts";
import { ConfigError, expand } from "./env.ts";
import type { Capabilities } from "./capabilities.ts";
import { containerLabels, type DeviceIds, dockerName, sandboxLabels } from "./identity.ts";
import { cgroupLimits } from "./resources.ts";
import { asFarAsPossible, securityOptions, userOf } from "./security.ts";
import { sysctlsOf } from "./sysctls.ts";

export interface ContainerSpecFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly attempt: number;
  readonly backOffSeconds: number;
  readonly sandboxId: string;
  /** The container whose processes an ephemeral one wants to see. */
  readonly targetId?: string;
  readonly env: ReadonlyMap<string, string>;
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
  readonly deviceIds: DeviceIds;
  /** The text of a seccomp profile of the node's own. */
  readonly seccompText?: string;
  /** Host file behind the container's termination message path. */
  readonly messageSource: string;
  readonly nodeMemoryBytes: number;
  readonly capabilities: Capabilities;
  readonly configuration: NodeConfiguration;
  /** The pod's own group; absent: the container alone is held to what the pod may have. */
  readonly cgroupParent?: string;
}

export interface SandboxFacts {
  readonly attempt: number;
  readonly clusterDomain: string;
  readonly cgroupParent?: string;
}

/**
 * Throws a `ConfigError` for what this node can't give. Docker gives the sandbox the node's network, and the pause process leaves it for one of its
 * own: see `pauseElf`.
 */
export function sandboxSpec(pod: Pod, { attempt, clusterDomain, cgroupParent }: SandboxFacts): ContainerSpec {
  const spec = specOf(pod);
  const hostNetwork = spec.hostNetwork === true;
  if (spec.hostUsers === false) throw new ConfigError("user namespaces are not supported by this node's runtime");
  return {
    name: dockerName(pod, "POD", attempt),
    image: pauseImage,
    args: hostNetwork ? undefined : ["own-network"],
    env: [],
    labels: sandboxLabels(pod, attempt),
    hostname: hostNetwork ? undefined : kernelHostname(pod, clusterDomain),
    tty: false,
    openStdin: false,
    stdinOnce: false,
    network: "host",
    ipc: spec.hostIPC ? "host" : "shareable",
    pid: spec.hostPID ? "host" : "private",
    mounts: [],
    sysctls: sysctlsOf(pod).ipc,
    resources: { cpuShares: 2 },
    cgroupParent,
    security: {
      privileged: false,
      readOnlyRootFilesystem: true,
      noNewPrivileges: true,
      addCapabilities: hostNetwork ? [] : ["SYS_ADMIN"],
      dropCapabilities: ["ALL"],
      groups: [],
    },
  };
}

export function containerSpec(facts: ContainerSpecFacts): ContainerSpec {
  const { pod, container, env, mounts, sandboxId, messageSource, cgroupParent } = facts;
  const expandAll = (words: readonly string[] | undefined) => words?.map((word) => expand(word, env));
  const command = expandAll(container.command);
  return {
    name: dockerName(pod, container.name, facts.attempt),
    image: container.image ?? "",
    entrypoint: command,
    // A command without arguments runs without the image's.
    args: expandAll(container.args) ?? (command ? [] : undefined),
    env: [...env].map(([name, value]) => `${name}=${value}`),
    labels: containerLabels(pod, container, facts),
    workingDir: container.workingDir,
    user: userOf(pod, container),
    tty: container.tty ?? false,
    openStdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    network: { container: sandboxId },
    ipc: specOf(pod).hostIPC ? "host" : { container: sandboxId },
    pid: facts.targetId ? { container: facts.targetId } : pidMode(pod, sandboxId),
    mounts: [...mounts, { source: messageSource, target: messagePath(container), readOnly: false }],
    devices: facts.devices,
    resources: { ...cgroupLimits(pod, container), ...(cgroupParent === undefined && pidsAlone(facts)) },
    cgroupParent,
    security: asFarAsPossible(securityOptions(pod, container, facts), facts.capabilities),
    oomScoreAdj: oomScore(facts),
    stopSignal: container.lifecycle?.stopSignal,
    logs: logLimits(facts.configuration),
  };
}

function pidsAlone({ configuration: { podPidsLimit } }: ContainerSpecFacts): { pids?: number } {
  return podPidsLimit > 0 ? { pids: podPidsLimit } : {};
}

function logLimits({ containerLogMaxSize, containerLogMaxFiles }: NodeConfiguration): LogLimits {
  return { maxBytes: unitsOf(containerLogMaxSize), maxFiles: containerLogMaxFiles };
}

function messagePath({ terminationMessagePath }: Container): string {
  return terminationMessagePath ?? "/dev/termination-log";
}

function pidMode(pod: Pod, sandboxId: string): NamespaceMode {
  const { hostPID, shareProcessNamespace } = specOf(pod);
  if (hostPID) return "host";
  return shareProcessNamespace ? { container: sandboxId } : "private";
}

function oomScore({ pod, container, nodeMemoryBytes, capabilities }: ContainerSpecFacts): number {
  const score = oomScoreAdjOf(pod, container, nodeMemoryBytes);
  return capabilities.missing.includes("CAP_SYS_RESOURCE") ? Math.max(0, score) : score;
}
