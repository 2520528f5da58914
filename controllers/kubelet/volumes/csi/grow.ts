/**
 * The node's part of an expansion: the file system grows after the volume has, and then the claim says so.
 *
 * Source: KEP-284, KEP-1790 (`allocatedResourceStatuses`).
 */
import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { Client } from "../../../../runtime/loop/mod.ts";
import {
  compareQuantities,
  type Json,
  keyOf,
  PersistentVolumeClaim,
  refOf,
  type Stored,
} from "../../../../runtime/schema/mod.ts";

type Claim = Stored<IPersistentVolumeClaim>;

const steps = ["Resizing", "FileSystemResizePending"];

/** The volume is larger than what the claim's pods have of it. */
export function isToGrow({ status }: Claim, capacity: string | undefined): boolean {
  const present = status?.capacity?.storage;
  return capacity !== undefined && present !== undefined && compareQuantities(present, capacity) < 0;
}

export async function tellGrown(client: Client, claim: Claim, capacity: string): Promise<void> {
  const conditions = (claim.status?.conditions ?? []).filter(({ type }) => !steps.includes(type));
  const status = { capacity: { storage: capacity }, conditions, allocatedResourceStatuses: { storage: null } };
  await tell(client, claim, status as unknown as Json);
}

/** `infeasible`: the driver says that it never can; the claim's owner may ask for less. */
export async function tellNotGrown(client: Client, claim: Claim, infeasible: boolean): Promise<void> {
  const storage = infeasible ? "NodeResizeInfeasible" : "NodeResizePending";
  if (claim.status?.allocatedResourceStatuses?.storage === storage) return;
  await tell(client, claim, { allocatedResourceStatuses: { storage } });
}

async function tell(client: Client, claim: Claim, status: Json): Promise<void> {
  const { uid } = claim.metadata;
  const body = { metadata: { uid }, status };
  await client.patch(PersistentVolumeClaim, refOf(keyOf(claim)), { type: "merge", body }, { subresource: "status" });
}
