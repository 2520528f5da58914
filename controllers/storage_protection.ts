/**
 * Claims that a pod uses, volumes that a claim has and classes that either names are kept until they are free, however early
 * somebody deletes them: each has a finalizer, which these loops take off.
 *
 * Source: Kubernetes docs, "Storage Object in Use Protection".
 */
import type { IPersistentVolume } from "kubernetes-models/v1/PersistentVolume";
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { IVolumeAttributesClass } from "kubernetes-models/storage.k8s.io/v1/VolumeAttributesClass";
import type { IPod } from "kubernetes-models/v1/Pod";
import {
  type Key,
  keyOf,
  type Kind,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  refOf,
  type Stored,
  VolumeAttributesClass,
} from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type LoopContext,
  mapped,
  type Outcome,
  type Source,
} from "../runtime/loop/mod.ts";
import { claimKeysOf } from "./objects/pod_claims.ts";
import { isFinished } from "./objects/pod_state.ts";

/** A claim stays while a pod that has not finished names it. */
export const claimProtection: Controller = protection({
  kind: PersistentVolumeClaim,
  name: "persistentvolumeclaim-protection",
  finalizer: "kubernetes.io/pvc-protection",
  watches: [mapped(Pod, (pod) => claimKeysOf(pod))],
  isUsed: async (claim, { client }) => {
    // The local copy may not know of the pod that came a moment ago.
    const pods = await client.list(Pod, { namespace: claim.metadata.namespace });
    return pods.items.some((pod) => uses(pod, keyOf(claim)));
  },
});

/** A volume stays while it is bound. */
export const volumeProtection: Controller = protection<IPersistentVolume>({
  kind: PersistentVolume,
  name: "persistentvolume-protection",
  finalizer: "kubernetes.io/pv-protection",
  watches: [],
  isUsed: (volume) => Promise.resolve(volume.status?.phase === "Bound"),
});

/** A class of attributes stays while a claim or a volume has it, or is on the way to it. */
export const attributesClassProtection: Controller = protection<IVolumeAttributesClass>({
  kind: VolumeAttributesClass,
  name: "volumeattributesclass-protection",
  finalizer: "kubernetes.io/vac-protection",
  watches: [mapped(PersistentVolumeClaim, classesOfClaim), mapped(PersistentVolume, classesOfVolume)],
  isUsed: async ({ metadata: { name } }, { client }) => {
    const [claims, volumes] = await Promise.all([client.list(PersistentVolumeClaim), client.list(PersistentVolume)]);
    return claims.items.some((claim) => classesOfClaim(claim).includes(name)) ||
      volumes.items.some((volume) => classesOfVolume(volume).includes(name));
  },
});

function classesOfClaim({ spec, status }: IPersistentVolumeClaim): string[] {
  const { currentVolumeAttributesClassName: current, modifyVolumeStatus } = status ?? {};
  const names = [spec?.volumeAttributesClassName, current, modifyVolumeStatus?.targetVolumeAttributesClassName];
  return names.filter((name) => name !== undefined && name !== "") as string[];
}

function classesOfVolume({ spec }: IPersistentVolume): string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}

function uses(pod: Stored<IPod>, claim: Key): boolean {
  return !isFinished(pod) && claimKeysOf(pod).includes(claim);
}

interface Protection<T> {
  readonly kind: Kind<T>;
  readonly name: string;
  readonly finalizer: string;
  readonly watches: readonly Source[];
  isUsed(object: Stored<T>, context: LoopContext): Promise<boolean>;
}

function protection<T>({ kind, name, finalizer, watches, isUsed }: Protection<T>): Controller {
  return controller(kind, {
    name,
    watches,
    async reconcile(key, scope): Promise<Outcome> {
      const object = scope.read(key);
      if (!object) return done;
      const { deletionTimestamp, finalizers = [], resourceVersion } = object.metadata;
      const held = finalizers.includes(finalizer);
      const wanted = deletionTimestamp === undefined ? true : held && await isUsed(object, scope);
      if (held === wanted) return done;
      const next = wanted ? [...finalizers, finalizer] : finalizers.filter((one) => one !== finalizer);
      const body = { metadata: { finalizers: next, resourceVersion } };
      await scope.client.patch(kind, refOf(key), { type: "merge", body });
      return done;
    },
  });
}
