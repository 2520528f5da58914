/**
 * Deployment: rolls its pods from one template to the next by scaling a ReplicaSet for each.
 *
 * Laws: one write moves one step, and each step is decided anew from what is there; a set for a template is made once (its
 * name is the template's hash); sets are scaled under their resourceVersion, so that a stale view never scales twice.
 */
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import { Deployment, isReason, keyOf, Pod, refOf, ReplicaSet } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  controllerOf,
  done,
  mapped,
  type Outcome,
  ownerKey,
  requeueAfter,
  type Scope,
  type Source,
} from "../runtime/loop/mod.ts";
import { conditionOf } from "./objects/conditions.ts";
import { deploymentSets, scaleSet } from "./deployment/sets.ts";
import {
  byAge,
  type DeploymentObject,
  desiredAnnotation,
  findNewSet,
  type SetObject,
  setsToForget,
} from "./deployment/revision.ts";
import { scalePlan } from "./deployment/scale.ts";
import { boundsOf, newSetReplicas, oldSetScales, type Scale } from "./deployment/rollout.ts";
import { deadlineMs, deploymentStatus, isComplete, type Rollout } from "./deployment/status.ts";
import { claim, claimable } from "./objects/ownership.ts";
import { isFinished } from "./objects/pod_state.ts";
import { about } from "./objects/pod_template.ts";
import { selectedBy } from "./objects/selected_by.ts";
import { labelSelectorOf } from "./objects/selectors.ts";

type DeploymentScope = Scope<IDeployment>;

export const deployments: Controller = controller(Deployment, {
  name: "deployment",
  watches: [selectedBy(ReplicaSet, Deployment, labelSelectorOf), endedPods()],
  async reconcile(key, scope): Promise<Outcome> {
    const deployment = scope.read(key);
    if (!deployment?.spec) return done;
    if (Object.keys(deployment.spec.selector).length === 0) return refuseEmptySelector(deployment, scope);
    const owned = await claim({
      ownerKind: Deployment,
      owner: deployment,
      kind: ReplicaSet,
      matches: labelSelectorOf(deployment),
      candidates: claimable(scope.informers.of(ReplicaSet), deployment),
    }, scope);
    return await roll(deployment, { owned, scope });
  },
});

function refuseEmptySelector(deployment: DeploymentObject, { recorder }: DeploymentScope): Outcome {
  const message = "This deployment is selecting all pods. A non-empty selector is required.";
  recorder.event(about({ kind: Deployment, object: deployment }), "Warning", "SelectingAll", message);
  return done;
}

/** Recreate waits for the old pods' end, which changes no ReplicaSet: pods that end make their Deployment due. */
function endedPods(): Source {
  return mapped(Pod, (pod, { informers }) => {
    const set = ownerKey(pod, ReplicaSet);
    const owner = set && informers.of(ReplicaSet).get(set);
    const deployment = owner && ownerKey(owner, Deployment);
    return deployment ? [deployment] : [];
  }, { when: ({ type, object }) => type === "DELETED" || isFinished(object) });
}

interface World {
  readonly owned: readonly SetObject[];
  readonly scope: DeploymentScope;
}

async function roll(deployment: DeploymentObject, world: World): Promise<Outcome> {
  if (deployment.metadata.deletionTimestamp) return await report(deployment, split(deployment, world.owned), world);
  const pause = pauseNote(deployment);
  if (pause || deployment.spec?.paused || isScalingEvent(deployment, world.owned)) {
    const rollout = split(deployment, world.owned);
    const scaled = await applyScales(deployment, scalePlan(deployment, rollout.newest, rollout.old), world);
    const outcome = await report(deployment, { ...merged(rollout, scaled), note: pause }, world);
    if (deployment.spec?.paused) await forgetOld(deployment, rollout.old, world.scope);
    return outcome;
  }
  return deployment.spec?.strategy?.type === "Recreate"
    ? await recreate(deployment, world)
    : await update(deployment, world);
}

type Split = Pick<Rollout, "newest" | "old">;

function split(deployment: DeploymentObject, owned: readonly SetObject[]): Split {
  const newest = findNewSet(deployment, owned);
  return { newest, old: owned.filter((set) => set !== newest).sort(byAge) };
}

/** `spec.replicas` changed since the running sets were last scaled. */
function isScalingEvent(deployment: DeploymentObject, owned: readonly SetObject[]): boolean {
  return owned.some((set) => {
    const desired = set.metadata.annotations?.[desiredAnnotation];
    return (set.spec?.replicas ?? 0) > 0 && desired !== undefined &&
      Number(desired) !== (deployment.spec?.replicas ?? 1);
  });
}

function pauseNote(deployment: DeploymentObject): Rollout["note"] {
  const reason = conditionOf(deployment.status?.conditions, "Progressing")?.reason;
  if (reason === "ProgressDeadlineExceeded" || deadlineMs(deployment) === undefined) return undefined;
  if (deployment.spec?.paused && reason !== "DeploymentPaused") {
    return { status: "Unknown", reason: "DeploymentPaused", message: "Deployment is paused" };
  }
  if (!deployment.spec?.paused && reason === "DeploymentPaused") {
    return { status: "Unknown", reason: "DeploymentResumed", message: "Deployment is resumed" };
  }
}

async function update(deployment: DeploymentObject, world: World): Promise<Outcome> {
  const ensured = await deploymentSets(deployment, { ...split(deployment, world.owned), context: world.scope });
  if (!ensured.newest) return await report(ensured.deployment, ensured, world);
  const { newest, old } = ensured;
  const scaled = await applyScales(ensured.deployment, rollingScales(ensured.deployment, newest, old), world);
  return await finish(ensured.deployment, { ...ensured, ...merged(ensured, scaled) }, world);
}

/** One step: the newest grows, or when it cannot, the old shrink. */
function rollingScales(deployment: DeploymentObject, newest: SetObject, old: readonly SetObject[]): Scale[] {
  const bounds = boundsOf(deployment.spec);
  const sizes = old.map(sizeOf);
  const wanted = sizeOf(newest).wanted;
  const replicas = newSetReplicas(bounds, wanted, sizes.reduce((sum, set) => sum + set.wanted, 0));
  if (replicas !== wanted) return [{ name: newest.metadata.name, replicas }];
  return oldSetScales(bounds, sizeOf(newest), sizes);
}

function sizeOf(set: SetObject) {
  return { name: set.metadata.name, wanted: set.spec?.replicas ?? 1, available: set.status?.availableReplicas ?? 0 };
}

async function recreate(deployment: DeploymentObject, world: World): Promise<Outcome> {
  const rollout = split(deployment, world.owned);
  const down = rollout.old.filter((set) => (set.spec?.replicas ?? 1) > 0)
    .map((set) => ({ name: set.metadata.name, replicas: 0 }));
  if (down.length > 0) {
    const scaled = await applyScales(deployment, down, world);
    return await report(deployment, merged(rollout, scaled), world);
  }
  if (oldPodsRun(rollout.old, world.scope)) return await report(deployment, rollout, world);
  const ensured = await deploymentSets(deployment, { ...rollout, context: world.scope });
  if (!ensured.newest) return await report(ensured.deployment, ensured, world);
  const replicas = ensured.deployment.spec?.replicas ?? 1;
  const due = (ensured.newest.spec?.replicas ?? 1) !== replicas;
  const scaled = due
    ? await applyScales(ensured.deployment, [{ name: ensured.newest.metadata.name, replicas }], world)
    : [];
  return await finish(ensured.deployment, { ...ensured, ...merged(ensured, scaled) }, world);
}

function oldPodsRun(old: readonly SetObject[], { informers }: DeploymentScope): boolean {
  const uids = new Set(old.map((set) => set.metadata.uid));
  const namespace = old[0]?.metadata.namespace;
  return uids.size > 0 &&
    informers.of(Pod).list(namespace).some((pod) => uids.has(controllerOf(pod)?.uid ?? "") && !isFinished(pod));
}

async function applyScales(deployment: DeploymentObject, scales: readonly Scale[], world: World): Promise<SetObject[]> {
  const changed: SetObject[] = [];
  for (const { name, replicas } of scales) {
    const set = world.owned.find((owned) => owned.metadata.name === name);
    if (set) changed.push(await scaleSet(deployment, { set, replicas }, world.scope));
  }
  return changed;
}

function merged({ newest, old }: Split, changed: readonly SetObject[]): Split {
  const now = (set: SetObject) => changed.find(({ metadata }) => metadata.uid === set.metadata.uid) ?? set;
  return { newest: newest && now(newest), old: old.map(now) };
}

async function finish(deployment: DeploymentObject, rollout: Omit<Rollout, "now">, world: World): Promise<Outcome> {
  const outcome = await report(deployment, rollout, world);
  const status = deploymentStatus(deployment, { ...rollout, now: world.scope.clock.now() });
  if (isComplete(deployment, status)) await forgetOld(deployment, rollout.old, world.scope);
  return outcome;
}

async function report(
  deployment: DeploymentObject,
  rollout: Omit<Rollout, "now">,
  { scope }: World,
): Promise<Outcome> {
  const now = scope.clock.now();
  const status = deploymentStatus(deployment, { ...rollout, now });
  await scope.status(deployment, status);
  const condition = conditionOf(status.conditions, "Progressing");
  const deadline = deadlineMs(deployment);
  const waits = condition && deadline !== undefined && !deployment.spec?.paused &&
    !["NewReplicaSetAvailable", "ProgressDeadlineExceeded"].includes(condition.reason ?? "");
  if (!waits) return done;
  return requeueAfter(Math.max(1000, Date.parse(condition.lastUpdateTime ?? "") + deadline + 1000 - now));
}

async function forgetOld(
  deployment: DeploymentObject,
  old: readonly SetObject[],
  { client }: DeploymentScope,
): Promise<void> {
  for (const set of setsToForget(deployment, old)) {
    try {
      await client.delete(ReplicaSet, refOf(keyOf(set)), { preconditions: { uid: set.metadata.uid } });
    } catch (error) {
      if (!isReason(error, "NotFound", "Conflict")) throw error;
    }
  }
}
