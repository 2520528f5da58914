/**
 * Who a docker container is: its labels and name tell the agent everything that it would otherwise have to remember, so a new
 * agent adopts what runs. Names and labels are dockershim's, because people and log collectors know them.
 */
import type { ContainerState } from "../../../runtime/engine/mod.ts";
import type { Container, Pod } from "../pod/pod.ts";
import { specOf } from "../pod/pod.ts";

export const uidLabel = "io.kubernetes.pod.uid";
const nameLabel = "io.kubernetes.pod.name";
const namespaceLabel = "io.kubernetes.pod.namespace";
const containerLabel = "io.kubernetes.container.name";
const restartLabel = "io.kubernetes.container.restartCount";
const hashLabel = "io.kubernetes.container.hash";
const sandboxLabel = "io.kubernetes.sandbox.id";
const typeLabel = "io.kubernetes.docker.type";
const backOffLabel = "io.d8s.container.backOffSeconds";
const messagePathLabel = "io.kubernetes.container.terminationMessagePath";
const messagePolicyLabel = "io.kubernetes.container.terminationMessagePolicy";
const devicesLabel = "io.d8s.container.devices";
const messageSourceLabel = "io.d8s.container.terminationMessageSource";

/** Ids of devices, by resource. */
export type DeviceIds = Readonly<Record<string, readonly string[]>>;

/** A container of a pod as docker knows it. */
export interface Observed {
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly isSandbox: boolean;
  /** Container's name in the pod; `POD` for the sandbox. */
  readonly name: string;
  /** Restart count; for a sandbox, its attempt. */
  readonly attempt: number;
  readonly hash: string;
  readonly sandboxId: string;
  /** How long to wait, once it has ended, before the next attempt. */
  readonly backOffSeconds: number;
  readonly messagePath: string;
  readonly messagePolicy: string;
  /** The host's file behind `messagePath`. */
  readonly messageSource: string;
  /** What device plugins gave it. */
  readonly devices: DeviceIds;
  readonly state: ContainerState;
}

/** `undefined` for a container that is no pod's. */
export function observe(state: ContainerState): Observed | undefined {
  const { labels } = state;
  const podUid = labels[uidLabel];
  const name = labels[containerLabel];
  if (podUid === undefined || name === undefined) return undefined;
  return {
    podUid,
    podName: labels[nameLabel] ?? "",
    podNamespace: labels[namespaceLabel] ?? "",
    isSandbox: labels[typeLabel] === "podsandbox",
    name,
    attempt: Number(labels[restartLabel] ?? 0),
    hash: labels[hashLabel] ?? "",
    sandboxId: labels[sandboxLabel] ?? "",
    backOffSeconds: Number(labels[backOffLabel] ?? 0),
    messagePath: labels[messagePathLabel] ?? "",
    messagePolicy: labels[messagePolicyLabel] ?? "File",
    messageSource: labels[messageSourceLabel] ?? "",
    devices: JSON.parse(labels[devicesLabel] ?? "{}"),
    state,
  };
}

export function dockerName(pod: Pod, container: string, attempt: number): string {
  const { name, namespace, uid } = pod.metadata;
  return `k8s_${container}_${name}_${namespace}_${uid}_${attempt}`;
}

function podLabels(pod: Pod): Record<string, string> {
  const { name, namespace = "", uid } = pod.metadata;
  return { [uidLabel]: uid, [nameLabel]: name, [namespaceLabel]: namespace };
}

export function sandboxLabels(pod: Pod, attempt: number): Record<string, string> {
  return { ...podLabels(pod), [containerLabel]: "POD", [typeLabel]: "podsandbox", [restartLabel]: String(attempt) };
}

export interface ContainerIdentity {
  readonly attempt: number;
  readonly sandboxId: string;
  readonly backOffSeconds: number;
  readonly messageSource: string;
  readonly deviceIds: DeviceIds;
}

export function containerLabels(pod: Pod, container: Container, identity: ContainerIdentity): Record<string, string> {
  return {
    ...podLabels(pod),
    [containerLabel]: container.name,
    [typeLabel]: "container",
    [restartLabel]: String(identity.attempt),
    [hashLabel]: containerHash(container),
    [sandboxLabel]: identity.sandboxId,
    [backOffLabel]: String(identity.backOffSeconds),
    [messagePathLabel]: container.terminationMessagePath ?? "/dev/termination-log",
    [messagePolicyLabel]: container.terminationMessagePolicy ?? "File",
    [messageSourceLabel]: identity.messageSource,
    ...(Object.keys(identity.deviceIds).length > 0 && { [devicesLabel]: JSON.stringify(identity.deviceIds) }),
    "io.kubernetes.pod.terminationGracePeriod": String(specOf(pod).terminationGracePeriodSeconds ?? 30),
  };
}

/** Changes with what may change of a running pod's container and needs a new one: its image. (FNV-1a, 32 bits.) */
export function containerHash({ name, image = "" }: Container): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(JSON.stringify([name, image]))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return hash.toString(16);
}
