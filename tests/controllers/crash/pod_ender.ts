/** Pods end at once: those of image `fails` badly, all others well. */
import { Pod } from "../../../runtime/schema/mod.ts";
import { type Controller, controller, done } from "../../../runtime/loop/mod.ts";

export const podEnder: Controller = controller(Pod, {
  name: "pod-ender",
  async reconcile(key, { read, client }) {
    const pod = read(key);
    const { phase } = pod?.status ?? {};
    if (!pod || pod.metadata.deletionTimestamp || phase === "Succeeded" || phase === "Failed") return done;
    const next = pod.spec?.containers[0]?.image === "fails" ? "Failed" as const : "Succeeded" as const;
    await client.update(Pod, { ...pod, status: { ...pod.status, phase: next } }, { subresource: "status" });
    return done;
  },
});
