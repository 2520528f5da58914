/**
 * Pod garbage collection: pods that nobody will ever end. Those of nodes that are gone, those that should go from a node
 * that somebody declared out of service (KEP-2268), those that go without ever having had a node, and, beyond a number,
 * the oldest that have finished.
 *
 * Law: a node counts as gone when it has been missing for 40 s and the server, asked then, does not know it.
 */
import type { INode } from "kubernetes-models/v1/Node";
import type { IPod } from "kubernetes-models/v1/Pod";
import { isReason, keyOf, Node, Pod, refOf, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  deleting,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  type Scope,
} from "../runtime/loop/mod.ts";
import { timestamp, withCondition } from "./objects/conditions.ts";
import { isFinished, isGoing, type PodObject } from "./objects/pod_state.ts";

export interface PodGcOptions {
  /** Finished pods that are kept. Default 12,500. */
  readonly finishedKept?: number;
}

const quarantineMs = 40_000;
const finished = "yes";
const outOfService = "PodGC: node is out of service";

export function podGc({ finishedKept = 12_500 }: PodGcOptions = {}): Controller {
  const missingSince = new Map<string, number>();
  return controller(Pod, {
    name: "pod-garbage-collector",
    start({ informers }) {
      missingSince.clear();
      informers.of(Pod).addIndex("finished", (pod) => (isFinished(pod) ? [finished] : []));
    },
    concerns: (pod) => !!pod.spec?.nodeName || isGoing(pod) || isFinished(pod),
    watches: [
      mapped(Node, ({ metadata }, { informers }) => {
        const pods = informers.of(Pod);
        pods.addIndex("node", ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
        return pods.by("node", metadata.name).map(keyOf);
      }, { when: ({ type, object }) => type === "DELETED" || isOutOfService(object) }),
    ],
    async reconcile(key, scope): Promise<Outcome> {
      const pod = scope.read(key);
      if (!pod) return done;
      if (isGoing(pod) && !pod.spec?.nodeName) return await end(pod, scope);
      if (isFinished(pod) && isSurplus(pod, finishedKept, scope)) return await end(pod, scope);
      return await checkNode(pod, missingSince, scope);
    },
  });
}

async function checkNode(pod: PodObject, missingSince: Map<string, number>, scope: Scope<IPod>): Promise<Outcome> {
  const name = pod.spec?.nodeName;
  if (!name) return done;
  const node = scope.informers.of(Node).get(name);
  if (node) {
    missingSince.delete(name);
    return isGoing(pod) && isOutOfService(node) ? await end(await failed(pod, scope, outOfService), scope) : done;
  }
  const since = missingSince.get(name) ?? scope.clock.now();
  missingSince.set(name, since);
  const wait = since + quarantineMs - scope.clock.now();
  if (wait > 0) return requeueAfter(wait);
  if (await scope.client.get(Node, { name })) return done;
  return await end(await failed(pod, scope, "PodGC: node no longer exists"), scope);
}

/** Tainted so by a person, and not ready: a machine that still runs pods must not lose them from the books. */
function isOutOfService({ spec, status }: Stored<INode>): boolean {
  const isReady = status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  return !isReady && (spec?.taints ?? []).some(({ key }) => key === "node.kubernetes.io/out-of-service");
}

/** The oldest finished go first. Counted only when there can be too many. */
function isSurplus(pod: PodObject, kept: number, { informers }: Scope<IPod>): boolean {
  const pods = informers.of(Pod);
  if (pods.count("finished", finished) <= kept) return false;
  const younger = pods.by("finished", finished).filter(({ metadata }) =>
    metadata.creationTimestamp > pod.metadata.creationTimestamp
  );
  return younger.length >= kept;
}

/** Says first why it goes: whoever counts failures must see it. */
async function failed(pod: PodObject, { client, clock }: Scope<IPod>, message: string): Promise<PodObject> {
  if (isFinished(pod)) return pod;
  const target = { type: "DisruptionTarget", status: "True", reason: "DeletionByPodGC", message };
  const conditions = withCondition(pod.status?.conditions, target, { now: timestamp(clock.now()) });
  const desired = { ...pod, status: { ...pod.status, phase: "Failed" as const, conditions } };
  return await client.update(Pod, desired, { subresource: "status" });
}

async function end(pod: Stored<IPod>, { apply }: Scope<IPod>): Promise<Outcome> {
  const preconditions = { uid: pod.metadata.uid };
  try {
    await apply([deleting(Pod, refOf(keyOf(pod)), { gracePeriodSeconds: 0, preconditions })]);
  } catch (error) {
    if (!isReason(error, "Conflict")) throw error;
  }
  return done;
}
