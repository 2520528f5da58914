/**
 * Generic ephemeral volumes: the claims that pods bring with them. The pod owns its claim, which goes with it.
 *
 * Source: KEP-1698 (generic ephemeral inline volumes).
 */
import type { IPod } from "kubernetes-models/v1/Pod";
import { isReason, PersistentVolumeClaim, Pod, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  controllerOf,
  creating,
  done,
  mapped,
  type Outcome,
  type Scope,
} from "../runtime/loop/mod.ts";
import { controllerReference } from "./objects/ownership.ts";
import { claimNameOf } from "./objects/pod_claims.ts";
import { isActive } from "./objects/pod_state.ts";
import { about, messageOf } from "./objects/pod_template.ts";

type Volume = NonNullable<NonNullable<IPod["spec"]>["volumes"]>[number];

export const ephemeralVolumes: Controller = controller(Pod, {
  name: "ephemeral-volume",
  eventSource: { component: "ephemeral_volume" },
  concerns: ({ spec }) => !!spec?.volumes?.some(({ ephemeral }) => ephemeral),
  watches: [podsOfClaims()],
  async reconcile(key, scope): Promise<Outcome> {
    const pod = scope.read(key);
    if (!pod || !isActive(pod)) return done;
    for (const volume of pod.spec?.volumes ?? []) if (volume.ephemeral) await ensureClaim(pod, volume, scope);
    return done;
  },
});

/** A claim that somebody deletes is made again as long as its pod is there. */
function podsOfClaims() {
  return mapped(PersistentVolumeClaim, (claim) => {
    const owner = controllerOf(claim);
    return owner?.kind === "Pod" ? [`${claim.metadata.namespace}/${owner.name}`] : [];
  }, { when: ({ type }) => type === "DELETED" });
}

async function ensureClaim(pod: Stored<IPod>, volume: Volume, scope: Scope<IPod>): Promise<void> {
  const { namespace, name: podName, uid } = pod.metadata;
  const name = claimNameOf(podName, volume)!;
  const present = scope.informers.of(PersistentVolumeClaim).get(`${namespace}/${name}`);
  if (present && controllerOf(present)?.uid === uid) return;
  if (present) {
    return tellFailure(pod, `PVC "${namespace}/${name}" was not created for the pod: it is not owned by it`, scope);
  }
  const { metadata = {}, spec } = volume.ephemeral!.volumeClaimTemplate!;
  const { labels, annotations } = metadata;
  const ownerReferences = [controllerReference(Pod, pod)];
  try {
    await scope.apply([creating(PersistentVolumeClaim, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        name,
        namespace,
        ownerReferences,
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
      },
      spec,
    })]);
  } catch (error) {
    if (isReason(error, "AlreadyExists")) return;
    tellFailure(pod, `ephemeral volume "${volume.name}": create PVC ${name}: ${messageOf(error)}`, scope);
    throw error;
  }
}

function tellFailure(pod: Stored<IPod>, message: string, { recorder }: Scope<IPod>): void {
  recorder.event(about({ kind: Pod, object: pod }), "Warning", "FailedBinding", message);
}
