/** PodDisruptionBudget: keeps the status by which evictions are allowed or refused. */
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import {
  compileLabelSelector,
  Deployment,
  isReason,
  keyOf,
  type Kind,
  type OwnerReference,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
  type Stored,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  controllerOf,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  reads,
  requeueAfter,
  type Scope,
  type Source,
} from "../runtime/loop/mod.ts";
import { type BudgetObject, budgetStatus, type BudgetWorld, countsOwners, disruptedOf } from "./disruption/plan.ts";
import type { Matches } from "./objects/ownership.ts";
import type { PodObject } from "./objects/pod_state.ts";
import { about } from "./objects/pod_template.ts";
import { type ScaleObject, scalePath, UnknownKind } from "./objects/scale_target.ts";

interface Scaled {
  spec?: { replicas?: number };
}

const scaledKinds: readonly Kind<Scaled>[] = [
  Deployment as Kind<Scaled>,
  ReplicaSet as Kind<Scaled>,
  ReplicationController as Kind<Scaled>,
  StatefulSet as Kind<Scaled>,
];

export const disruptions: Controller = controller(PodDisruptionBudget, {
  name: "disruption",
  eventSource: { component: "controllermanager" },
  watches: [budgetsOfPods(), ...scaledKinds.map(budgetsOfOwners), ...scaledKinds.map((kind) => reads(kind))],
  async reconcile(key, scope): Promise<Outcome> {
    const budget = scope.read(key);
    if (!budget?.spec || budget.metadata.deletionTimestamp) return done;
    const matches = matcherOf(budget);
    const pods = scope.informers.of(Pod).list(budget.metadata.namespace)
      .filter((pod) => matches(pod.metadata.labels));
    const { recorder, clock } = scope;
    const object = about({ kind: PodDisruptionBudget, object: budget });
    tell(budget, pods, scope);
    const expected = countsOwners(budget) ? await scaleOf(pods, scope) : 0;
    const world: BudgetWorld = { budget, pods, expected, now: clock.now() };
    const { disrupted, waitMs } = disruptedOf(world);
    const status = budgetStatus(world, disrupted);
    const failure = status.conditions?.find(({ reason }) => reason === "SyncFailed");
    if (failure) {
      const message = `Failed to calculate the number of expected pods: ${failure.message}`;
      recorder.event(object, "Warning", "CalculateExpectedPodCountFailed", message);
    }
    await scope.status(budget, status);
    return waitMs === undefined ? done : requeueAfter(waitMs);
  },
});

/** In policy/v1 an empty selector matches every pod, and none matches nothing. */
function matcherOf({ spec }: BudgetObject): Matches {
  return compileLabelSelector(spec?.selector as never);
}

function budgetsOfPods(): Source {
  return mapped(Pod, ({ metadata }, { informers }) => {
    const budgets = informers.of(PodDisruptionBudget).list(metadata.namespace);
    return budgets.filter((budget) => matcherOf(budget)(metadata.labels)).map(keyOf);
  });
}

/** Who is scaled has pods that a budget may count. */
function budgetsOfOwners(kind: Kind<Scaled>): Source {
  return mapped(
    kind,
    ({ metadata }, { informers }) => informers.of(PodDisruptionBudget).list(metadata.namespace).map(keyOf),
    {
      when: ({ object, old }) => object.spec?.replicas !== old?.spec?.replicas,
    },
  );
}

/** Each controller counts once, with what it wants and not with what it has. Pods that nobody controls don't count. */
async function scaleOf(
  pods: readonly PodObject[],
  scope: Scope<IPodDisruptionBudget>,
): Promise<number | { error: string }> {
  const replicas = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (!owner || replicas.has(owner.uid)) continue;
    const scaled = scaledOwner(pod, scope);
    if (scaled) {
      replicas.set(scaled.metadata.uid, scaled.spec?.replicas ?? 1);
      continue;
    }
    const wanted = await scaleOfOther(owner, pod.metadata.namespace!, scope);
    if (wanted === undefined) return { error: `${owner.kind} does not implement the scale subresource` };
    replicas.set(owner.uid, wanted);
  }
  return replicas.values().reduce((sum, count) => sum + count, 0);
}

/** Of a kind that is only known at run time; undefined when it cannot be scaled. */
async function scaleOfOther(
  owner: OwnerReference,
  namespace: string,
  { client }: LoopContext,
): Promise<number | undefined> {
  const raw = client.raw.bind(client);
  try {
    const scale = await raw("GET", await scalePath(raw, owner, namespace)) as ScaleObject;
    return scale.spec?.replicas ?? 0;
  } catch (error) {
    if (error instanceof UnknownKind || isReason(error, "NotFound")) return undefined;
    throw error;
  }
}

/** A Deployment speaks for its ReplicaSets, old and new. */
function scaledOwner(pod: PodObject, { informers }: Scope<IPodDisruptionBudget>): Stored<Scaled> | undefined {
  const { namespace } = pod.metadata;
  const reference = controllerOf(pod)!;
  const kind = scaledKinds.find((kind) => kind.kind === reference.kind && kind.apiVersion === reference.apiVersion);
  const owner = kind && informers.of(kind).get(`${namespace}/${reference.name}`);
  const upper = owner && controllerOf(owner);
  if (upper?.kind !== "Deployment") return owner;
  return informers.of(scaledKinds[0]!).get(`${namespace}/${upper.name}`) ?? owner;
}

function tell(budget: BudgetObject, pods: readonly PodObject[], { recorder }: Scope<IPodDisruptionBudget>): void {
  const object = about({ kind: PodDisruptionBudget, object: budget });
  if (pods.length === 0) return recorder.event(object, "Normal", "NoPods", "No matching pods found");
  const { maxUnavailable, minAvailable } = budget.spec!;
  const counted = maxUnavailable === undefined && typeof minAvailable === "number";
  if (counted || pods.every((pod) => controllerOf(pod))) return;
  const message =
    "Pods selected by this PodDisruptionBudget were found to be unmanaged. As a result, the status of the " +
    "PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set " +
    '".spec.minAvailable" field of the PDB to an integer value.';
  recorder.event(object, "Warning", "UnmanagedPods", message);
}
