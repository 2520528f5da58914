/** TTL after finished: Jobs that say how long they are kept after their end are deleted then, with their pods. */
import { isReason, Job, refOf } from "../runtime/schema/mod.ts";
import { type Controller, controller, done, type Outcome, requeueAfter } from "../runtime/loop/mod.ts";
import { isGoing } from "./objects/pod_state.ts";

export const ttlAfterFinished: Controller = controller(Job, {
  name: "ttl-after-finished",
  async reconcile(key, { read, client, clock }): Promise<Outcome> {
    const job = read(key);
    const ttl = job?.spec?.ttlSecondsAfterFinished;
    const end = job?.status?.conditions?.find(({ type, status }) =>
      ["Complete", "Failed"].includes(type) && status === "True"
    );
    if (!job || ttl === undefined || !end || isGoing(job)) return done;
    const wait = Date.parse(end.lastTransitionTime ?? "") + ttl * 1000 - clock.now();
    if (wait > 0) return requeueAfter(wait);
    const { uid, resourceVersion } = job.metadata;
    try {
      await client.delete(Job, refOf(key), {
        propagationPolicy: "Foreground",
        preconditions: { uid, resourceVersion },
      });
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
    }
    return done;
  },
});
