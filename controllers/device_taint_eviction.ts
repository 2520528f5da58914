/**
 * Device taint eviction: pods leave devices whose NoExecute taints their claims do not tolerate, or no longer.
 *
 * Not its business: DeviceTaintRules, which v1.36 has off by default; claims with admin access, which look at devices
 * whatever is wrong with them.
 *
 * Source: KEP-5055 (device taints and tolerations).
 */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IResourceSlice } from "kubernetes-models/resource.k8s.io/v1/ResourceSlice";
import type { ITaint } from "kubernetes-models/v1/Taint";
import type { IToleration } from "kubernetes-models/v1/Toleration";
import { keyOf, Pod, ResourceClaim, ResourceSlice, type Stored } from "../runtime/schema/mod.ts";
import {
  type Controller,
  controller,
  done,
  type Informer,
  type LoopContext,
  mapped,
  type Outcome,
  requeueAfter,
  sameJson,
} from "../runtime/loop/mod.ts";
import { evictPod } from "./objects/evict_pod.ts";
import { isActive } from "./objects/pod_state.ts";
import { evictionTimeMs } from "./taint_eviction/plan.ts";

const words = {
  event: "DeviceTaintManagerEviction",
  reason: "DeletionByDeviceTaintManager",
  message: "Device Taint manager: deleting due to NoExecute taint",
};

export const deviceTaintEviction: Controller = controller(ResourceClaim, {
  name: "device-taint-eviction",
  watches: [
    mapped<IResourceSlice>(ResourceSlice, ({ spec }, { informers }) => {
      const claims = informers.of(ResourceClaim);
      claims.addIndex("pool", poolsOf);
      return claims.by("pool", `${spec.driver}/${spec.pool.name}`).map(keyOf);
    }, { when: ({ object, old }) => !sameJson(taintsOf(object), old ? taintsOf(old) : []) }),
    // A pod that is bound later than its claim had its device.
    mapped(Pod, ({ metadata: { namespace }, status, spec }) => {
      const named = (spec?.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName);
      const made = (status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName);
      return [...named, ...made].flatMap((name) => name ? [`${namespace}/${name}`] : []);
    }, { when: ({ object, old }) => object.spec?.nodeName !== old?.spec?.nodeName }),
  ],
  async reconcile(key, scope): Promise<Outcome> {
    const claim = scope.read(key);
    const at = claim && evictionOf(claim, scope.informers.of(ResourceSlice));
    if (!claim || at === undefined) return done;
    const wait = at - scope.clock.now();
    if (wait > 0) return requeueAfter(wait);
    for (const pod of usersOf(claim, scope)) await evictPod(pod, words, scope);
    return done;
  },
});

function poolsOf({ status }: IResourceClaim): string[] {
  return [...new Set(status?.allocation?.devices?.results?.map(({ driver, pool }) => `${driver}/${pool}`))];
}

function taintsOf({ spec }: IResourceSlice): unknown[] {
  return [spec.pool.generation, ...(spec.devices ?? []).flatMap(({ name, taints }) => taints ? [[name, taints]] : [])];
}

/** When its users must go: milliseconds since the epoch. */
function evictionOf({ status }: Stored<IResourceClaim>, slices: Informer<IResourceSlice>): number | undefined {
  slices.addIndex("pool", ({ spec }) => [`${spec.driver}/${spec.pool.name}`]);
  const times = (status?.allocation?.devices?.results ?? []).flatMap((result) => {
    if (result.adminAccess) return [];
    const pool = slices.by("pool", `${result.driver}/${result.pool}`);
    const newest = Math.max(...pool.map(({ spec }) => spec.pool.generation));
    const devices = pool.filter(({ spec }) => spec.pool.generation === newest).flatMap(({ spec }) =>
      spec.devices ?? []
    );
    const taints = devices.find(({ name }) => name === result.device)?.taints ?? [];
    return evictionTimeMs(taints as ITaint[], (result.tolerations ?? []) as IToleration[]) ?? [];
  });
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Those that have a node; the others are the scheduler's. */
function usersOf({ metadata, status }: Stored<IResourceClaim>, { informers }: LoopContext) {
  const users = (status?.reservedFor ?? []).filter(({ apiGroup, resource }) => !apiGroup && resource === "pods");
  return users.flatMap(({ name, uid }) => {
    const pod = informers.of(Pod).get(`${metadata.namespace}/${name}`);
    return pod?.metadata.uid === uid && pod.spec?.nodeName && isActive(pod) ? [pod] : [];
  });
}
