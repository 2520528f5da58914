/**
 * Taint eviction: pods leave nodes whose NoExecute taints they do not tolerate, or no longer.
 *
 * Law: a taint that goes in time saves the pod; the condition DisruptionTarget says why a pod went.
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import { isReason, keyOf, Node, Pod, refOf } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  deleting,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  sameJson,
  type Scope,
} from "../runtime/loop/mod.ts";
import { timestamp, withCondition } from "./objects/conditions.ts";
import { isGoing, type PodObject } from "./objects/pod_state.ts";
import { evictionTimeMs } from "./taint_eviction/plan.ts";

export const taintEviction: Controller = controller(Pod, {
  name: "taint-eviction",
  watches: [
    mapped(Node, ({ metadata }, { informers }) => {
      const pods = informers.of(Pod);
      pods.addIndex("node", ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []));
      return pods.by("node", metadata.name).map(keyOf);
    }, { when: ({ object, old }) => !sameJson(object.spec?.taints, old?.spec?.taints) }),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const pod = scope.read(key);
    const node = pod?.spec?.nodeName && scope.informers.of(Node).get(pod.spec.nodeName);
    if (!pod || !node || isGoing(pod)) return done;
    const at = evictionTimeMs(node.spec?.taints ?? [], pod.spec?.tolerations ?? []);
    if (at === undefined) return done;
    const wait = at - scope.clock.now();
    if (wait > 0) return requeueAfter(wait);
    await evict(pod, scope);
    return done;
  },
});

async function evict(pod: PodObject, { client, clock, recorder, apply }: Scope<IPod>): Promise<void> {
  const about = { ...pod, apiVersion: "v1", kind: "Pod" };
  recorder.event(about, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${keyOf(pod)}`);
  const reason = "DeletionByTaintManager";
  const target = {
    type: "DisruptionTarget",
    status: "True",
    reason,
    message: "Taint manager: deleting due to NoExecute taint",
  };
  const conditions = withCondition(pod.status?.conditions, target, { now: timestamp(clock.now()) });
  try {
    await client.update(Pod, { ...pod, status: { ...pod.status, conditions } }, { subresource: "status" });
  } catch (error) {
    if (isReason(error, "NotFound")) return;
    throw error;
  }
  await apply([deleting(Pod, refOf(keyOf(pod)), { preconditions: { uid: pod.metadata.uid } })]);
}
