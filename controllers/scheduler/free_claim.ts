/**
 * A claim whose devices are where its pod cannot go gives them back, so that others can be found for it. Claims that other
 * pods use stay as they are.
 */
import type { LoopContext } from "../../runtime/loop/mod.ts";
import { isReason, ResourceClaim } from "../../runtime/schema/mod.ts";
import type { Cluster } from "./cluster.ts";
import type { ClaimObject } from "./devices/wants.ts";
import type { Refused } from "./place_pod.ts";
import { claimElsewhere, claimsOf } from "./plugins/dynamic_resources.ts";
import type { PodFacts } from "./pod_facts.ts";

/** Undefined: there is none. */
export function claimToFree(pod: PodFacts, { reasons }: Refused, { devices }: Cluster): ClaimObject | undefined {
  if (!reasons.has(claimElsewhere)) return undefined;
  const claims = claimsOf(pod, devices);
  if (typeof claims === "string") return undefined;
  return claims.find(({ status }) => {
    const users = status?.reservedFor ?? [];
    return status?.allocation?.nodeSelector !== undefined && users.every(({ uid }) => uid === pod.uid);
  });
}

/** Under its resourceVersion: who has become a user meanwhile keeps it. */
export async function freeClaim(claim: ClaimObject, { client }: LoopContext): Promise<void> {
  const { allocation: _allocation, reservedFor: _users, devices: _devices, ...status } = claim.status!;
  try {
    await client.update(ResourceClaim, { ...claim, status }, { subresource: "status" });
  } catch (error) {
    if (!isReason(error, "NotFound") && !isReason(error, "Conflict")) throw error;
  }
}
