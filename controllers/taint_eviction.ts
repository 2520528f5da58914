/**
 * Taint eviction: pods leave nodes whose NoExecute taints they do not tolerate, or no longer.
 *
 * Law: a taint that goes in time saves the pod; the condition DisruptionTarget says why a pod went.
 */
import { keyOf, Node, Pod } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  mapped,
  type Outcome,
  requeueAfter,
  sameJson,
} from "../runtime/loop/mod.ts";
import { evictPod } from "./objects/evict_pod.ts";
import { isGoing } from "./objects/pod_state.ts";
import { evictionTimeMs } from "./taint_eviction/plan.ts";

const words = {
  event: "TaintManagerEviction",
  reason: "DeletionByTaintManager",
  message: "Taint manager: deleting due to NoExecute taint",
};

export const taintEviction: Controller = controller(Pod, {
  name: "taint-eviction",
  concerns: ({ spec }) => !!spec?.nodeName,
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
    await evictPod(pod, words, scope);
    return done;
  },
});
