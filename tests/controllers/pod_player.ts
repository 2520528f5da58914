/** Plays the nodes' part for loops that only watch pods: pods run, get an address and become ready, and end when told to. */
import { isReason, keyOf, Pod, refOf } from "../../runtime/schema/mod.ts";
import { type Controller, controller, done } from "../../runtime/loop/mod.ts";

export function podPlayer({ broken = "none" }: { broken?: string } = {}): Controller {
  let address = 0;
  return controller(Pod, {
    name: "pod-player",
    async reconcile(key, { read, client, apply, clock }) {
      const pod = read(key);
      if (!pod) return done;
      if (pod.metadata.deletionTimestamp) {
        await apply([{ do: "delete", kind: Pod, ref: refOf(keyOf(pod)), options: { gracePeriodSeconds: 0 } }]);
        return done;
      }
      const ready = pod.spec?.containers[0]?.image === broken ? "False" : "True";
      if (pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === ready)) return done;
      const podIP = pod.status?.podIP ?? `10.244.${++address >> 8}.${address & 255}`;
      const conditions = [{ type: "Ready", status: ready, lastTransitionTime: new Date(clock.now()).toISOString() }];
      const status = { ...pod.status, phase: "Running" as const, podIP, podIPs: [{ ip: podIP }], conditions };
      try {
        await client.update(Pod, { ...pod, status }, { subresource: "status" });
      } catch (error) {
        if (!isReason(error, "NotFound")) throw error;
      }
      return done;
    },
  });
}
