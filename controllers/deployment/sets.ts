/** Writes to a Deployment's ReplicaSets: the newest exists and carries its revision; sets get their sizes. */
import type { IReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
import { Deployment, isReason, keyOf, refOf, ReplicaSet } from "../../runtime/schema/mod.ts";
import { controllerOf, type LoopContext, sameJson, seen } from "../../runtime/loop/mod.ts";
import { conditionOf } from "../objects/conditions.ts";
import {
  type DeploymentObject,
  newSetOf,
  revisionAnnotation,
  revisionOf,
  sameTemplate,
  scaleAnnotations,
  setAnnotations,
  type SetObject,
} from "./revision.ts";
import { boundsOf, newSetReplicas } from "./rollout.ts";
import type { Rollout } from "./status.ts";
import { controllerReference } from "../objects/ownership.ts";
import { about, isNamespaceTerminating, messageOf } from "../objects/pod_template.ts";

interface Sets {
  readonly newest?: SetObject;
  readonly old: readonly SetObject[];
  readonly context: LoopContext;
}

export interface Ensured extends Omit<Rollout, "now"> {
  /** As it is after its revision was written. */
  readonly deployment: DeploymentObject;
}

/** Finds or makes the newest set. Without one in the answer, `note` says why. */
export async function deploymentSets(deployment: DeploymentObject, sets: Sets): Promise<Ensured> {
  const { newest, old, context } = sets;
  if (newest) {
    const current = await refreshed(deployment, { newest, old, context });
    const known = conditionOf(deployment.status?.conditions, "Progressing");
    const message = `Found new replica set "${current.metadata.name}"`;
    const note = known ? undefined : { status: "True" as const, reason: "FoundNewReplicaSet", message };
    return { deployment: await withRevision(deployment, current, context), newest: current, old, note };
  }
  const made = await make(deployment, sets);
  if (!made.newest) return { deployment, old, note: made.note };
  return {
    deployment: await withRevision(deployment, made.newest, context),
    newest: made.newest,
    old,
    note: made.note,
  };
}

async function refreshed(
  deployment: DeploymentObject,
  { newest, old, context }: Sets & { newest: SetObject },
) {
  const annotations = setAnnotations(deployment, newest, old);
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  const same = sameJson(annotations, newest.metadata.annotations) &&
    (newest.spec?.minReadySeconds ?? 0) === minReadySeconds;
  if (same) return newest;
  const desired = {
    ...newest,
    metadata: { ...newest.metadata, annotations },
    spec: { ...newest.spec!, minReadySeconds },
  };
  const updated = await context.client.update(ReplicaSet, desired as IReplicaSet);
  await seen(ReplicaSet, updated, context);
  return updated;
}

async function withRevision(
  deployment: DeploymentObject,
  newest: SetObject,
  context: LoopContext,
): Promise<DeploymentObject> {
  const revision = String(revisionOf(newest));
  if (deployment.metadata.annotations?.[revisionAnnotation] === revision) return deployment;
  const body = { metadata: { annotations: { [revisionAnnotation]: revision } } };
  const updated = await context.client.patch(Deployment, refOf(keyOf(deployment)), { type: "merge", body });
  await seen(Deployment, updated, context);
  return updated;
}

async function make(
  deployment: DeploymentObject,
  { old, context }: Sets,
): Promise<Pick<Rollout, "newest" | "note">> {
  const set = newSetOf(deployment, old);
  const others = old.reduce((sum, { spec }) => sum + (spec?.replicas ?? 1), 0);
  set.spec!.replicas = newSetReplicas(boundsOf(deployment.spec), 0, others);
  set.metadata!.ownerReferences = [controllerReference(Deployment, deployment)];
  try {
    const newest = await context.client.create(ReplicaSet, set);
    await seen(ReplicaSet, newest, context);
    tellScaled(deployment, { name: newest.metadata.name, from: 0, to: set.spec!.replicas }, context);
    const message = `Created new replica set "${newest.metadata.name}"`;
    return { newest, note: { status: "True", reason: "NewReplicaSetCreated", message } };
  } catch (error) {
    if (isReason(error, "AlreadyExists")) return await takeOrAvoid(deployment, set, context);
    return refused(deployment, set, { error, context });
  }
}

/** The name is taken: by our own set that the informer does not show yet, or by another's, which the next hash avoids. */
async function takeOrAvoid(deployment: DeploymentObject, set: IReplicaSet, { client }: LoopContext) {
  const live = await client.get(ReplicaSet, { namespace: deployment.metadata.namespace, name: set.metadata!.name! });
  const ours = live && controllerOf(live)?.uid === deployment.metadata.uid;
  if (live && ours && sameTemplate(live.spec?.template, deployment.spec?.template)) return { newest: live };
  const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
  const desired = { ...deployment, status: { ...deployment.status, collisionCount } };
  await client.update(Deployment, desired, { subresource: "status" });
  throw new Error(`the name of replica set "${set.metadata!.name}" is taken; the next hash will be tried`);
}

function refused(
  deployment: DeploymentObject,
  set: IReplicaSet,
  { error, context }: { error: unknown; context: LoopContext },
) {
  const message = `Failed to create new replica set "${set.metadata!.name}": ${messageOf(error)}`;
  if (isNamespaceTerminating(error)) {
    return { note: { status: "False" as const, reason: "ReplicaSetCreateError", message } };
  }
  context.recorder.event(about({ kind: Deployment, object: deployment }), "Warning", "ReplicaSetCreateError", message);
  throw error;
}

interface Resize {
  readonly set: SetObject;
  readonly replicas: number;
}

/** Sets the size and notes what it was sized for; writes only differences. */
export async function scaleSet(
  deployment: DeploymentObject,
  { set, replicas }: Resize,
  context: LoopContext,
): Promise<SetObject> {
  const annotations = { ...set.metadata.annotations, ...scaleAnnotations(deployment) };
  const from = set.spec?.replicas ?? 1;
  if (from === replicas && sameJson(annotations, set.metadata.annotations)) return set;
  const desired = { ...set, metadata: { ...set.metadata, annotations }, spec: { ...set.spec!, replicas } };
  const scaled = await context.client.update(ReplicaSet, desired as IReplicaSet);
  await seen(ReplicaSet, scaled, context);
  if (from !== replicas) tellScaled(deployment, { name: set.metadata.name, from, to: replicas }, context);
  return scaled;
}

function tellScaled(
  deployment: DeploymentObject,
  scale: { name: string; from: number; to: number },
  { recorder }: LoopContext,
) {
  const { name, from, to } = scale;
  if (from === to) return;
  const message = `Scaled ${from < to ? "up" : "down"} replica set ${name} from ${from} to ${to}`;
  recorder.event(about({ kind: Deployment, object: deployment }), "Normal", "ScalingReplicaSet", message);
}
