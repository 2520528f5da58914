/** `pods/eviction`: a deletion that asks the PodDisruptionBudgets first (policy/v1). */
import { compileLabelSelector, type KubeObject, StatusError, type Stored } from "../../schema/mod.ts";
import { remove } from "../objects/delete.ts";
import { copyJson } from "../objects/json_value.ts";
import { type Machinery, timestamp } from "../objects/machinery.ts";
import { modify } from "../objects/modify.ts";
import { badRequest } from "../objects/refusals.ts";
import { read } from "../objects/read.ts";
import type { DeleteCall, Target, WriteCall } from "../operations.ts";
import { admitPosted } from "./admit_posted.ts";

interface Eviction extends KubeObject {
  deleteOptions?: { gracePeriodSeconds?: number; preconditions?: DeleteCall["preconditions"]; dryRun?: string[] };
}

interface Budget extends KubeObject {
  spec?: { selector?: Parameters<typeof compileLabelSelector>[0]; unhealthyPodEvictionPolicy?: string };
  status?: {
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    observedGeneration?: number;
    disruptedPods?: Record<string, string>;
  };
}

interface Pod extends KubeObject {
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

/** Throws TooManyRequests in upstream's words while a budget forbids it. */
export const eviction = {
  async post(m: Machinery, target: Target, body: KubeObject, asked: WriteCall): Promise<KubeObject> {
    await admitPosted(m, { ...target, subresource: "eviction" }, body, asked);
    const call = { ...asked, admitted: true };
    const { deleteOptions = {}, metadata } = body as Eviction;
    if (metadata?.name !== target.name) throw badRequest("name in URL does not match name in Eviction object");
    const pod = (await read(m, target)).object;
    const dryRun = call.dryRun || deleteOptions.dryRun?.includes("All");
    const budget = isOver(pod as unknown as Pod) ? undefined : budgetOf(m, pod);
    const spent = budget && await spend(m, budget, pod, { ...call, dryRun });
    const { gracePeriodSeconds, preconditions } = deleteOptions;
    try {
      if (!dryRun) await markDisrupted(m, target, call);
      await remove(m, target, { ...call, subresource: undefined, dryRun, gracePeriodSeconds, preconditions });
    } catch (error) {
      if (spent && !dryRun) await giveBack(m, spent, pod, call);
      throw error;
    }
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
  },
};

/** Says why the pod goes, for those who count failures (KEP-3329). */
async function markDisrupted(m: Machinery, target: Target, call: WriteCall): Promise<void> {
  await modify(m, target, { ...call, subresource: "status" }, (live) => {
    const next = copyJson(live) as unknown as Pod;
    const others = (next.status?.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget");
    const condition = {
      type: "DisruptionTarget",
      status: "True",
      lastTransitionTime: timestamp(m.clock.now()),
      reason: "EvictionByEvictionAPI",
      message: "Eviction API: evicting",
    };
    next.status = { ...next.status, conditions: [...others, condition] };
    return { object: next };
  });
}

/** Pods that do not run disturb nobody when they go. */
function isOver({ metadata, status }: Pod): boolean {
  return !!metadata?.deletionTimestamp || ["Pending", "Succeeded", "Failed"].includes(status?.phase ?? "Pending");
}

function budgetOf(m: Machinery, pod: Stored): Stored | undefined {
  const matching = m.view.list("policy", "poddisruptionbudgets", pod.metadata.namespace).filter((budget) => {
    const selector = (budget as unknown as Budget).spec?.selector;
    return selector && compileLabelSelector(selector)(pod.metadata.labels);
  });
  if (matching.length < 2) return matching[0];
  throw new StatusError(
    "InternalError",
    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
  );
}

/** Takes one disruption from the budget, or refuses. Returns the budget that gave one; none for a pod that costs none. */
async function spend(m: Machinery, budget: Stored, pod: Stored, call: WriteCall): Promise<Target | undefined> {
  const resource = m.registry.find("policy", "v1", "poddisruptionbudgets")!;
  const { name, namespace = "" } = budget.metadata;
  const target = { resource, namespace, name };
  let spent: Target | undefined;
  await modify(m, target, { ...call, subresource: "status" }, (live) => {
    const next = copyJson(live) as unknown as Budget;
    const allowed = next.status?.disruptionsAllowed ?? 0;
    spent = undefined;
    if (isSpareUnhealthy(pod as unknown as Pod, next)) return { object: next };
    if (allowed <= 0) throw noDisruption(next);
    spent = target;
    next.status = {
      ...next.status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...next.status?.disruptedPods, [pod.metadata.name]: timestamp(m.clock.now()) },
    };
    return { object: next };
  });
  return spent;
}

/**
 * The pod did not go after all. Until the budget's loop has counted again it is the note about the pod that counts; a note
 * that is gone already was counted.
 */
async function giveBack(m: Machinery, budget: Target, pod: Stored, call: WriteCall): Promise<void> {
  await modify(m, budget, { ...call, subresource: "status" }, (live) => {
    const next = copyJson(live) as unknown as Budget;
    const { [pod.metadata.name]: noted, ...others } = next.status?.disruptedPods ?? {};
    if (noted === undefined) return { object: next };
    const disruptionsAllowed = (next.status?.disruptionsAllowed ?? 0) + 1;
    next.status = { ...next.status, disruptionsAllowed, disruptedPods: others };
    return { object: next };
  }).catch(() => {
    // Whoever asked is told why the pod stays; the budget's loop forgets the note when its time is over.
  });
}

/** An unhealthy pod may go when enough others are healthy, or always where the budget says so. */
function isSpareUnhealthy({ status }: Pod, { spec, status: budget }: Budget): boolean {
  const ready = status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  if (ready) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget ?? {};
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy;
}

function noDisruption({ metadata, status }: Budget): StatusError {
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return new StatusError("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", {
    causes: [{
      reason: "DisruptionBudget",
      message: `The disruption budget ${
        metadata!.name
      } needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    }],
  });
}
