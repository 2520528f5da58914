/**
 * The loop behind ReplicaSet and ReplicationController, which differ in names and in how a selector is written.
 *
 * Laws: level-triggered, no expectations: a write is over when the local copy shows it; no pod is made twice; pods of
 * others are not touched; a failure to create is a condition and an Event.
 */
import { type Kind, Pod, type Stored } from "../../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  controllerOf,
  done,
  type Outcome,
  ownedBy,
  requeueAfter,
  type Scope,
} from "../../runtime/loop/mod.ts";
import { claim, claimable, type Matches } from "../objects/ownership.ts";
import { availableInMs, isActive, type PodObject } from "../objects/pod_state.ts";
import { createPods, deletePod, podOf } from "../objects/pod_template.ts";
import { planReplicas } from "./plan.ts";
import { type Failure, type ReplicaOwner, replicaStatus } from "./status.ts";
import { selectedBy } from "../objects/selected_by.ts";

export interface ReplicaLoop<O> {
  readonly name: string;
  readonly kind: Kind<O>;
  readonly matcherOf: (owner: Stored<O>) => Matches;
}

export function replicaSetLoop<O extends ReplicaOwner>({ name, kind, matcherOf }: ReplicaLoop<O>): Controller {
  return controller(kind, {
    name,
    watches: [selectedBy(Pod, kind, matcherOf)],
    async reconcile(key, scope): Promise<Outcome> {
      const object = scope.read(key);
      if (!object?.spec) return done;
      const candidates = claimable(scope.informers.of(Pod), object);
      const matches = matcherOf(object);
      const claimed = await claim({ ownerKind: kind, owner: object, kind: Pod, matches, candidates }, scope);
      return await bringIntoLine({ kind, object, claimed }, scope);
    },
  });
}

interface Work<O> {
  readonly kind: Kind<O>;
  readonly object: Stored<O>;
  readonly claimed: readonly PodObject[];
}

async function bringIntoLine<O extends ReplicaOwner>(work: Work<O>, scope: Scope<O>): Promise<Outcome> {
  const failure = work.object.metadata.deletionTimestamp ? undefined : await scale(work, scope);
  const now = scope.clock.now();
  await scope.status(work.object, replicaStatus(work.object, { claimed: work.claimed, failure, now }));
  if (failure) throw failure.error;
  const wait = nextAvailableMs(work, now);
  return wait === undefined ? done : requeueAfter(wait);
}

/** Makes or deletes pods; a failure is returned, so that the status can tell of it before the retry. */
async function scale<O extends ReplicaOwner>(work: Work<O>, scope: Scope<O>): Promise<Failure | undefined> {
  const { object, claimed } = work;
  const active = claimed.filter(isActive);
  const replicas = object.spec?.replicas ?? 1;
  const perNode = active.length > replicas ? podsPerNode(work, scope) : new Map<string, number>();
  const plan = planReplicas({ replicas, active, perNode, now: scope.clock.now() });
  const template = object.spec?.template;
  try {
    if (template) await createPods(work, Array.from({ length: plan.create }, () => podOf(work, template)), scope);
    await Promise.all(plan.remove.map((pod) => deletePod(work, pod, scope)));
  } catch (error) {
    return { reason: plan.create > 0 ? "FailedCreate" : "FailedDelete", error };
  }
}

/** Pods on each node of every set with the same controller: while a Deployment rolls, its sets weigh together. */
function podsPerNode<O>({ kind, object, claimed }: Work<O>, { informers }: Scope<O>): Map<string, number> {
  const related = relatedUids({ kind, object }, informers).filter((uid) => uid !== object.metadata.uid);
  const family = related.flatMap((uid) => ownedBy(informers.of(Pod), { metadata: { uid } }));
  const perNode = new Map<string, number>();
  for (const pod of [...claimed, ...family]) {
    const node = pod.spec?.nodeName;
    if (node && isActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  return perNode;
}

function relatedUids<O>({ kind, object }: Omit<Work<O>, "claimed">, informers: Scope<O>["informers"]): string[] {
  const owner = controllerOf(object)?.uid;
  if (owner === undefined) return [];
  const all = informers.of(kind).list(object.metadata.namespace);
  return all.filter((set) => controllerOf(set)?.uid === owner).map((set) => set.metadata.uid);
}

function nextAvailableMs<O extends ReplicaOwner>({ object, claimed }: Work<O>, now: number): number | undefined {
  const minReadySeconds = object.spec?.minReadySeconds ?? 0;
  const waits = claimed.filter(isActive).map((pod) => availableInMs(pod, minReadySeconds, now) ?? 0);
  const due = waits.filter((wait) => wait > 0);
  return due.length > 0 ? Math.min(...due) : undefined;
}
