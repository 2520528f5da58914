/**
 * Whether the node takes a pod that was bound to it: the scheduler may have been wrong, or not asked. An ordered list of
 * small checks; the first reason fails the pod for good. Pure.
 */
import { qosClassOf } from "../../../runtime/schema/mod.ts";
import { podRequests } from "../../scheduler/pod_requests.ts";
import { tolerates } from "../../scheduler/plugins/tolerations.ts";
import { forbiddenSysctl } from "../container/sysctls.ts";
import { type NodeRoom, shortage, shortageText } from "./allocation.ts";
import { isCritical } from "./critical.ts";
import type { Refusal } from "./pod_plan.ts";
import { allContainersOf, isTerminal, type Pod, specOf } from "./pod.ts";

export interface AdmissionFacts {
  readonly pod: Pod;
  /** The other pods of this node. */
  readonly others: readonly Pod[];
  readonly room: NodeRoom;
  readonly maxPods: number;
  /** It comes from a file of this node. */
  readonly isStatic: boolean;
  /** Conditions of the Node that hold: what it runs short of. */
  readonly pressures: readonly string[];
  /** The machine goes down. */
  readonly shuttingDown: boolean;
  /** Beyond the safe ones; a last `*` stands for any ending. */
  readonly allowedSysctls: readonly string[];
  /** The node's kernel enforces AppArmor profiles. */
  readonly hasAppArmor: boolean;
}

/** Only a pod that was never told to have begun can be refused: what runs goes on. */
export function refuse(facts: AdmissionFacts): Refusal | undefined {
  if (facts.pod.status?.startTime !== undefined) return undefined;
  for (const check of [shutdown, pressure, sysctls, appArmor, groupsPolicy, podCount, resources, hostPorts]) {
    const refusal = check(facts);
    if (refusal) return refusal;
  }
}

function shutdown({ shuttingDown }: AdmissionFacts): Refusal | undefined {
  if (!shuttingDown) return undefined;
  return { reason: "NodeShutdown", message: "Pod was rejected as the node is shutting down." };
}

const memoryTaint = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" };

/** Short of memory alone, the node takes whoever has said how much he needs. */
function pressure({ pod, isStatic, pressures }: AdmissionFacts): Refusal | undefined {
  if (pressures.length === 0 || isCritical({ pod, isStatic })) return undefined;
  const { tolerations = [] } = specOf(pod);
  const isMild = pressures.length === 1 && pressures[0] === "MemoryPressure";
  const mayCome = qosClassOf(specOf(pod)) !== "BestEffort" || tolerates(tolerations, memoryTaint);
  if (isMild && mayCome) return undefined;
  return { reason: "Evicted", message: `The node had condition: [${pressures.join(" ")}]. ` };
}

function sysctls({ pod, allowedSysctls }: AdmissionFacts): Refusal | undefined {
  const name = forbiddenSysctl(pod, allowedSysctls);
  return name === undefined
    ? undefined
    : { reason: "SysctlForbidden", message: `forbidden sysctl: "${name}" not allowlisted` };
}

function appArmor({ pod, hasAppArmor }: AdmissionFacts): Refusal | undefined {
  if (hasAppArmor) return undefined;
  const profiles = [specOf(pod), ...allContainersOf(pod)].map(({ securityContext }) =>
    securityContext?.appArmorProfile
  );
  const asked = profiles.some((profile) => profile && profile.type !== "Unconfined");
  return asked
    ? { reason: "AppArmor", message: "Cannot enforce AppArmor: AppArmor is not enabled on the host" }
    : undefined;
}

/** Docker always adds the groups that the image's /etc/group says. */
function groupsPolicy({ pod }: AdmissionFacts): Refusal | undefined {
  if (specOf(pod).securityContext?.supplementalGroupsPolicy !== "Strict") return undefined;
  const reason = "SupplementalGroupsPolicyNotSupported";
  return { reason, message: "SupplementalGroupsPolicy=Strict is not supported in this node" };
}

function living(pods: readonly Pod[]): readonly Pod[] {
  return pods.filter((pod) => !isTerminal(pod));
}

function podCount({ others, maxPods }: AdmissionFacts): Refusal | undefined {
  const used = living(others).length;
  if (used < maxPods) return undefined;
  return { reason: "OutOfpods", message: shortageText({ name: "pods", requested: 1, used, capacity: maxPods }) };
}

function resources({ pod, room }: AdmissionFacts): Refusal | undefined {
  const lack = shortage(podRequests(specOf(pod)), room.allocatable, room.used);
  return lack && { reason: `OutOf${lack.name}`, message: shortageText(lack) };
}

function hostPorts({ pod, others }: AdmissionFacts): Refusal | undefined {
  const taken = living(others).flatMap(hostPortsOf);
  const clash = hostPortsOf(pod).some((one) => taken.some((other) => collide(one, other)));
  return clash
    ? {
      reason: "NodePorts",
      message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    }
    : undefined;
}

interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly ip: string;
}

const anyAddress = "0.0.0.0";

function hostPortsOf(pod: Pod): HostPort[] {
  const ports = specOf(pod).containers.flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ hostPort, protocol = "TCP", hostIP }) =>
    hostPort ? [{ port: hostPort, protocol, ip: hostIP || anyAddress }] : []
  );
}

function collide(a: HostPort, b: HostPort): boolean {
  return a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || [a.ip, b.ip].includes(anyAddress));
}
