/** Writes a pod's status when it differs from what the API server has. */
import { isReason, type Json, Pod as PodKind } from "../../../runtime/schema/mod.ts";
import { sameJson } from "../../../runtime/loop/mod.ts";
import type { PodPlan } from "../pod/pod_plan.ts";
import type { Observed } from "../container/identity.ts";
import { processUser } from "../container/process_user.ts";
import type { Pod, PodStatus } from "../pod/pod.ts";
import { isResized } from "../pod/resize.ts";
import { resizeConditionTypes } from "../pod/resize_conditions.ts";
import { podStatus } from "../pod/pod_status.ts";
import { type Agent, hostIpsOf, podIpsOf } from "./agent.ts";
import type { PodMemory } from "./pod_memory.ts";

export interface Reporting {
  readonly plan: PodPlan;
  readonly memory: PodMemory;
}

export async function reportStatus(agent: Agent, given: Pod, { plan, memory }: Reporting): Promise<void> {
  const pod = withNewestStatus(given, memory);
  const observed = agent.mirror.of(pod.metadata.uid);
  await agent.imageNames.learn(observed.filter((one) => !one.isSandbox).map(({ state }) => state.imageId));
  const sandbox = observed.findLast((one) => one.isSandbox && one.state.status === "running");
  const status = podStatus({
    pod,
    observed,
    verdict: (id) => agent.probes.verdict(pod, id, observed),
    waiting: new Map([...plan.waiting, ...memory.failures]),
    messages: memory.messages,
    users: await usersOf(observed, memory),
    imageName: (id) => agent.imageNames.of(id),
    now: agent.context.clock.now(),
    ended: plan.ended,
    podIps: await reportedIps(agent, pod, { sandboxId: sandbox?.state.id, plan, memory }),
    resize: {
      pending: memory.resizePending,
      underWay: memory.resizeError !== undefined || observed.some((one) => isResized(pod, one)),
      error: memory.resizeError,
    },
    hostIps: hostIpsOf(agent),
  });
  if (isReported(pod.status ?? {}, status)) return;
  await write(agent, pod, { status, memory });
}

/** Our own write of a moment ago is what the next one changes. */
function withNewestStatus(pod: Pod, { latest }: PodMemory): Pod {
  if (!latest || BigInt(latest.metadata.resourceVersion) <= BigInt(pod.metadata.resourceVersion)) return pod;
  return { ...pod, status: latest.status };
}

async function usersOf(observed: readonly Observed[], { users }: PodMemory): Promise<PodMemory["users"]> {
  for (const { isSandbox, state } of observed) {
    if (isSandbox || state.status !== "running" || users.has(state.id)) continue;
    const user = await processUser(state.pid);
    if (user) users.set(state.id, user);
  }
  return users;
}

/** A pod that has ended keeps the addresses that it had. */
async function reportedIps(
  agent: Agent,
  pod: Pod,
  { sandboxId, plan, memory }: Reporting & { sandboxId?: string },
): Promise<readonly string[]> {
  const present = await podIpsOf(agent, pod, sandboxId);
  return present.length === 0 && plan.ended ? memory.podIps ?? [] : present;
}

/** Conditions that others own are none of our business. */
function isReported(before: PodStatus, after: PodStatus): boolean {
  return Object.entries(after).every(([field, value]) => {
    if (field !== "conditions") return value === undefined || sameJson(before[field as keyof PodStatus], value);
    return goneConditions(before, after).length === 0 && (after.conditions ?? []).every((wanted) => {
      const found = before.conditions?.find(({ type }) => type === wanted.type);
      return found !== undefined && sameJson(withoutNulls(found), withoutNulls(wanted));
    });
  });
}

function withoutNulls(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null && value !== undefined));
}

interface Writing {
  readonly status: PodStatus;
  readonly memory: PodMemory;
}

/**
 * The uid makes it a write about this pod, never about the next one of the same name. A static pod whose mirror is not there
 * yet is told of when it is.
 */
async function write(agent: Agent, pod: Pod, { status, memory }: Writing): Promise<void> {
  const { name, namespace } = pod.metadata;
  const uid = agent.pods.apiUid(pod);
  if (uid === undefined) return;
  const body = JSON.parse(JSON.stringify({ metadata: { uid }, status: withRemovals(pod, status) })) as Json;
  try {
    const patch = { type: "strategic", body } as const;
    const written = await agent.context.client.patch(PodKind, { namespace, name }, patch, { subresource: "status" });
    memory.latest = agent.pods.asWritten(pod, written as Pod);
  } catch (error) {
    // It is gone; what is left of it is purged when the informer says so.
    if (!isReason(error, "NotFound", "Conflict")) throw error;
  }
}

/** A strategic merge keeps what it isn't told to drop: addresses and reasons of before, its own and its conditions'. */
function withRemovals({ status: before = {} }: Pod, status: PodStatus): object {
  const gone = (before.podIPs ?? []).filter(({ ip }) => status.podIPs && !status.podIPs.some((one) => one.ip === ip));
  return {
    ...dropped(before),
    ...status,
    ...(gone.length > 0 && { podIPs: [...status.podIPs ?? [], ...gone.map(({ ip }) => ({ ip, $patch: "delete" }))] }),
    conditions: [
      ...(status.conditions ?? []).map((one) => ({
        ...dropped(before.conditions?.find(({ type }) => type === one.type)),
        ...one,
      })),
      ...goneConditions(before, status).map((type) => ({ type, $patch: "delete" })),
    ],
  };
}

/** Conditions of ours that hold no more, and are absent then. */
function goneConditions(before: PodStatus, after: PodStatus): string[] {
  const has = ({ conditions = [] }: PodStatus, type: string) => conditions.some((one) => one.type === type);
  return resizeConditionTypes.filter((type) => has(before, type) && !has(after, type));
}

function dropped(before: { reason?: string; message?: string } | undefined): { reason?: null; message?: null } {
  return { ...(before?.reason && { reason: null }), ...(before?.message && { message: null }) };
}
