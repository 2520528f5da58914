/** `securityContext` of pod and container in the engine's words. Pure. */
import type { SecurityOptions } from "../../../runtime/engine/mod.ts";
import type { NodeConfiguration } from "../configuration/mod.ts";
import type { Capabilities } from "./capabilities.ts";
import { type Container, type Pod, specOf } from "../pod/pod.ts";

/** Of seccomp or AppArmor. */
type Profile = { type: string; localhostProfile?: string };

export interface SecurityFacts {
  /** The profile of the node's own that the container names. */
  readonly seccompText?: string;
  /** `seccompDefault`: who names no profile gets the engine's. */
  readonly configuration: Pick<NodeConfiguration, "seccompDefault">;
}

export function securityOptions(pod: Pod, container: Container, facts: SecurityFacts): SecurityOptions {
  const own = container.securityContext ?? {};
  const shared = specOf(pod).securityContext ?? {};
  const groups = [...shared.supplementalGroups ?? [], ...(shared.fsGroup === undefined ? [] : [shared.fsGroup])];
  return {
    privileged: own.privileged ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    groups: groups.map(String),
    seccomp: facts.seccompText ?? seccompOf(profileOf(pod, container), facts.configuration),
    appArmor: appArmorOf(own.appArmorProfile ?? shared.appArmorProfile),
    unmaskedProc: own.procMount === "Unmasked",
  };
}

/** docker 20.10 does not know them; CAP_SYS_ADMIN holds what they do. */
const newerThanDocker = new Set(["CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"]);

/**
 * The engine's own privileged mode asks for every capability that the kernel knows and fails without one of them. Where
 * the machine has fewer, the container gets what there is, piece by piece.
 */
export function asFarAsPossible(wanted: SecurityOptions, { present, missing }: Capabilities): SecurityOptions {
  if (!wanted.privileged || missing.length === 0) return wanted;
  return {
    ...wanted,
    privileged: false,
    addCapabilities: present.filter((name) => !newerThanDocker.has(name)),
    dropCapabilities: [],
    seccomp: "unconfined",
    appArmor: "unconfined",
    unmaskedProc: true,
    allDevices: true,
  };
}

/** The container's own before the pod's. */
function profileOf(pod: Pod, { securityContext }: Container): Profile | undefined {
  return securityContext?.seccompProfile ?? specOf(pod).securityContext?.seccompProfile;
}

/** The file of a profile of the node's own, relative to the folder of such files. */
export function localSeccompProfile(pod: Pod, container: Container): string | undefined {
  const profile = profileOf(pod, container);
  return profile?.type === "Localhost" ? profile.localhostProfile : undefined;
}

/** Absent: what the engine does by itself. */
function appArmorOf(profile: Profile | undefined): string | undefined {
  if (profile?.type === "Unconfined") return "unconfined";
  return profile?.type === "Localhost" ? profile.localhostProfile : undefined;
}

/** No profile asked for means the engine's, unless the node is told to leave such containers without one. */
function seccompOf(
  profile: Profile | undefined,
  { seccompDefault }: SecurityFacts["configuration"],
): string | undefined {
  const type = profile?.type ?? (seccompDefault ? "RuntimeDefault" : "Unconfined");
  return type === "RuntimeDefault" ? undefined : "unconfined";
}

/** `uid:gid` for docker; absent: the image decides. */
export function userOf(pod: Pod, container: Container): string | undefined {
  const own = container.securityContext ?? {};
  const shared = specOf(pod).securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  if (user === undefined) return group === undefined ? undefined : `:${group}`;
  return group === undefined ? String(user) : `${user}:${group}`;
}

/** Why `runAsNonRoot` forbids this container, in upstream's words. */
export function refuseRoot(pod: Pod, container: Container, imageUser: string): string | undefined {
  const own = container.securityContext ?? {};
  const shared = specOf(pod).securityContext ?? {};
  if (!(own.runAsNonRoot ?? shared.runAsNonRoot)) return undefined;
  const where =
    `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`;
  const user = own.runAsUser ?? shared.runAsUser;
  if (user !== undefined) {
    return user === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined;
  }
  const name = imageUser.split(":")[0]!;
  if (name === "" || name === "0") return `container has runAsNonRoot and image will run as root ${where}`;
  if (/^\d+$/.test(name)) return undefined;
  return `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`;
}
