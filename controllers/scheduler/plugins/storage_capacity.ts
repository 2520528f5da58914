/**
 * Whether a driver has room for a new volume on a node, as far as it publishes that (CSIDriver field storageCapacity).
 *
 * Source: KEP-1472 "Storage Capacity Tracking".
 */
import { compareQuantities, compileLabelSelector } from "../../../runtime/schema/mod.ts";
import { type ClaimObject, storageClassOf } from "../../persistent_volume/plan.ts";
import type { NodeState } from "../node_state.ts";
import type { StorageView } from "../storage_view.ts";

/** Undefined where the driver does not say: then there is room everywhere. */
export function roomFor(claim: ClaimObject, storage: StorageView): ((node: NodeState) => boolean) | undefined {
  const className = storageClassOf(claim);
  const driver = storage.storageClass(className)?.provisioner;
  if (driver === undefined || !storage.csiDriver(driver)?.spec.storageCapacity) return undefined;
  const wanted = claim.spec?.resources?.requests?.storage ?? 0;
  const topologies = storage.capacities(className).flatMap(({ capacity, maximumVolumeSize, nodeTopology }) => {
    const most = maximumVolumeSize ?? capacity;
    // Without a topology it is no node's.
    return nodeTopology && most !== undefined && compareQuantities(most, wanted) >= 0
      ? [compileLabelSelector(nodeTopology)]
      : [];
  });
  return ({ labels }) => topologies.some((selects) => selects(labels));
}
