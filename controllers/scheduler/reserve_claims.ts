/**
 * Gives a pod's claims their devices on the chosen node, and enters the pod as their user, before it is bound: a pod is
 * never sent to a node whose devices it has not got.
 */
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import { type LoopContext, seen } from "../../runtime/loop/mod.ts";
import { ResourceClaim } from "../../runtime/schema/mod.ts";
import { claimProtection } from "../objects/pod_resource_claims.ts";
import { awaitDevices } from "./await_devices.ts";
import type { Chosen } from "./bind_volumes.ts";
import type { Cluster } from "./cluster.ts";
import { allocate } from "./devices/allocate.ts";
import { allocationOf } from "./devices/allocation_result.ts";
import type { Allocation } from "./devices/pools.ts";
import { type ClaimObject, wantsOf } from "./devices/wants.ts";
import { claimsOf } from "./plugins/dynamic_resources.ts";
import type { PodFacts } from "./pod_facts.ts";

export async function reserveClaims(chosen: Chosen, cluster: Cluster, context: LoopContext): Promise<void> {
  if (chosen.profile.deviceTimeoutMs === undefined || !chosen.pod.spec.resourceClaims?.length) return;
  const { devices } = cluster;
  const claims = claimsOf(chosen.pod, devices);
  if (typeof claims === "string") throw new Error(claims);
  const open = claims.filter(({ status }) => !status?.allocation);
  const allocations = choose(open, chosen, cluster, context);
  try {
    for (const claim of claims) await enter(chosen.pod, claim, allocations.get(claim), context);
  } finally {
    for (const claim of open) devices.settle(claim);
  }
  await awaitDevices(claims, chosen, context);
}

/** Before the first wait, so that no other pod is given the same devices. */
function choose(open: readonly ClaimObject[], { node }: Chosen, cluster: Cluster, context: LoopContext) {
  const { devices } = cluster;
  const allocations = new Map<ClaimObject, Allocation>();
  if (open.length === 0) return allocations;
  const supply = { node: cluster.node(node)!, pools: devices.pools(), classOf: devices.classOf };
  const grants = allocate(wantsOf(open, supply), devices.ledger);
  if (!grants) throw new Error("cannot allocate all claims");
  const now = new Date(context.clock.now()).toISOString().slice(0, 19) + "Z";
  const options = { node, classOf: devices.classOf, newId: () => crypto.randomUUID(), now };
  for (const claim of open) {
    const allocation = allocationOf(claim, grants.filter((grant) => grant.claim === claim), options);
    allocations.set(claim, allocation);
    devices.assume(claim, allocation);
  }
  return allocations;
}

/** The finalizer first: an allocated claim never vanishes under its users. */
async function enter(pod: PodFacts, claim: ClaimObject, allocation: Allocation | undefined, context: LoopContext) {
  const users = claim.status?.reservedFor ?? [];
  if (users.some(({ uid }) => uid === pod.uid)) return;
  const { client } = context;
  const { finalizers = [] } = claim.metadata;
  const guarded = finalizers.includes(claimProtection) ? claim : await client.update(ResourceClaim, {
    ...claim,
    metadata: { ...claim.metadata, finalizers: [...finalizers, claimProtection] },
  });
  const user = { resource: "pods", name: pod.key.slice(pod.namespace.length + 1), uid: pod.uid };
  const status = { ...claim.status, ...(allocation && { allocation }), reservedFor: [...users, user] };
  const next: IResourceClaim = { ...guarded, status };
  await seen(ResourceClaim, await client.update(ResourceClaim, next, { subresource: "status" }), context);
}
