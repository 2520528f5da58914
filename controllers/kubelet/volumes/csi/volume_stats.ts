/** What a CSI volume holds, as its driver counts it. A driver that does not count, or fails to, has nothing to tell. */
import type { Ref } from "../../../../runtime/schema/mod.ts";
import type { CsiDrivers } from "./csi_drivers.ts";
import type { CsiRecord } from "./csi_records.ts";
import { csi, nodeCapability, usageUnit } from "./protocol.ts";

export interface VolumeStats {
  /** Of the volume in its pod. */
  readonly name: string;
  readonly pvcRef?: Ref;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodes?: number;
  readonly inodesFree?: number;
  readonly inodesUsed?: number;
}

export async function volumeStats(drivers: CsiDrivers, record: CsiRecord): Promise<VolumeStats[]> {
  const { driver: name, handle, target, staging } = record;
  try {
    const driver = drivers.get(name);
    if (!driver.capabilities.has(nodeCapability.stats)) return [];
    const asked = { volume_id: handle, volume_path: target, staging_target_path: staging };
    const { usage } = await driver.call(csi.stats, asked);
    const bytes = usage.find(({ unit }) => unit === usageUnit.bytes);
    const inodes = usage.find(({ unit }) => unit === usageUnit.inodes);
    return [{
      name: record.podVolume,
      ...(record.claim && { pvcRef: record.claim }),
      ...(bytes && { availableBytes: bytes.available, capacityBytes: bytes.total, usedBytes: bytes.used }),
      ...(inodes && { inodes: inodes.total, inodesFree: inodes.available, inodesUsed: inodes.used }),
    }];
  } catch {
    return [];
  }
}
