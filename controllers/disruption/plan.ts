/**
 * How many pods of a PodDisruptionBudget may go. Pure.
 *
 * Laws: `disruptionsAllowed` = healthy - desired, never below 0, and 0 while nothing is expected; a pod whose eviction was
 * allowed a moment ago counts as gone, until it is gone or two minutes have passed.
 *
 * Source: PodDisruptionBudget (https://kubernetes.io/docs/tasks/run-application/configure-pdb/), policy/v1
 * PodDisruptionBudgetStatus.
 */
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IPodDisruptionBudgetStatus } from "kubernetes-models/policy/v1/PodDisruptionBudgetStatus";
import type { Stored } from "../../runtime/schema/mod.ts";
import { timestamp, withCondition } from "../objects/conditions.ts";
import { resolveCount } from "../deployment/rollout.ts";
import { isGoing, isReady, type PodObject } from "../objects/pod_state.ts";

export type BudgetObject = Stored<IPodDisruptionBudget>;

/** An eviction that has not begun after this long never will. */
const evictionTimeoutMs = 120_000;

export interface BudgetWorld {
  readonly budget: BudgetObject;
  /** That its selector matches. */
  readonly pods: readonly PodObject[];
  /** Replicas that the owners of the pods want, each owner once; an error text where that is not known. */
  readonly expected: number | { readonly error: string };
  readonly now: number;
}

interface Need {
  readonly expected: number;
  readonly desired: number;
}

/** `maxUnavailable` needs to know how many there should be; so does a share as `minAvailable`. */
export function countsOwners({ spec }: BudgetObject): boolean {
  return spec?.maxUnavailable !== undefined || typeof spec?.minAvailable === "string";
}

export function needOf({ budget, pods, expected }: BudgetWorld): Need | { error: string } {
  const { minAvailable, maxUnavailable } = budget.spec ?? {};
  if (!countsOwners(budget)) {
    return minAvailable === undefined
      ? { expected: 0, desired: 0 }
      : { expected: pods.length, desired: Number(minAvailable) };
  }
  if (typeof expected !== "number") return expected;
  const desired = maxUnavailable !== undefined
    ? expected - resolveCount(maxUnavailable, expected, "up")
    : resolveCount(minAvailable, expected, "up");
  return { expected, desired: Math.max(0, desired) };
}

/** Evictions that are on their way, and when the first of them is to be forgotten. */
export function disruptedOf(
  { budget, pods, now }: BudgetWorld,
): { disrupted: Record<string, string>; waitMs?: number } {
  const disrupted: Record<string, string> = {};
  let waitMs: number | undefined;
  for (const [name, at] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find(({ metadata }) => metadata.name === name);
    const left = Date.parse(at) + evictionTimeoutMs - now;
    if (!pod || isGoing(pod) || left <= 0) continue;
    disrupted[name] = at;
    waitMs = Math.min(waitMs ?? left, left);
  }
  return { disrupted, waitMs };
}

export function budgetStatus(world: BudgetWorld, disrupted: Record<string, string>): IPodDisruptionBudgetStatus {
  const need = needOf(world);
  if ("error" in need) return failedStatus(world, need.error);
  const { budget: { metadata, status }, pods, now } = world;
  const healthy = pods.filter((pod) => isReady(pod) && !isGoing(pod) && !(pod.metadata.name in disrupted)).length;
  const allowed = need.expected > 0 ? Math.max(0, healthy - need.desired) : 0;
  return {
    ...status,
    observedGeneration: metadata.generation,
    currentHealthy: healthy,
    desiredHealthy: need.desired,
    expectedPods: need.expected,
    disruptionsAllowed: allowed,
    disruptedPods: Object.keys(disrupted).length > 0 ? disrupted : undefined,
    conditions: condition(world, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now),
  };
}

/** What is not known is not allowed. */
function failedStatus(world: BudgetWorld, message: string): IPodDisruptionBudgetStatus {
  const { budget: { metadata, status }, now } = world;
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  const conditions = condition(world, "SyncFailed", message, now);
  const counts = { currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0 };
  return { ...status, ...counts, observedGeneration: metadata.generation, conditions };
}

function condition({ budget: { metadata, status } }: BudgetWorld, reason: string, message: string, now: number) {
  const value = reason === "SufficientPods" ? "True" : "False";
  const next = { type: "DisruptionAllowed", status: value, reason, message, observedGeneration: metadata.generation };
  const conditions = withCondition(status?.conditions as never, next, { now: timestamp(now) });
  // A new generation is told even when nothing else has changed.
  return conditions.map((one) =>
    one.type === next.type ? { ...one, observedGeneration: metadata.generation } : one
  ) as IPodDisruptionBudgetStatus["conditions"];
}
