/** Claims, classes and slices as the scheduler sees them, with what it has given away and the API does not tell yet. */
import type { IDeviceClass } from "kubernetes-models/resource.k8s.io/v1/DeviceClass";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { Change, Informers } from "../../../runtime/loop/mod.ts";
import { DeviceClass, type Key, keyOf, ResourceClaim, ResourceSlice } from "../../../runtime/schema/mod.ts";
import { type Allocation, Ledger, type Pool, poolsOf } from "./pools.ts";
import type { ClaimObject } from "./wants.ts";

export interface DeviceView {
  claim(key: Key): ClaimObject | undefined;
  classOf(name: string): IDeviceClass | undefined;
  pools(): readonly Pool[];
  readonly ledger: Ledger;
  /** This is being written into the claim's status. */
  assume(claim: ClaimObject, allocation: Allocation): void;
  isAssumed(claim: ClaimObject): boolean;
  /** Written, or given up: what the API says counts. */
  settle(claim: ClaimObject): void;
}

export const noDevices: DeviceView = {
  claim: () => undefined,
  classOf: () => undefined,
  pools: () => [],
  ledger: new Ledger(),
  assume() {},
  isAssumed: () => false,
  settle() {},
};

/** Counts from now on; `changed` is called after each change that may help somebody. */
export function deviceView(informers: Informers, changed: () => void): { view: DeviceView; handlers: Disposable[] } {
  const claims = informers.of(ResourceClaim);
  const classes = informers.of(DeviceClass);
  const slices = informers.of(ResourceSlice);
  let pools: readonly Pool[] | undefined;
  const ledger = new Ledger();
  const assumed = new Set<string>();
  const view: DeviceView = {
    claim: (key) => claims.get(key),
    classOf: (name) => classes.get(name),
    pools: () => pools ??= poolsOf(slices.list()),
    ledger,
    assume({ metadata: { uid } }, allocation) {
      assumed.add(uid);
      ledger.set(uid, allocation);
    },
    isAssumed: ({ metadata: { uid } }) => assumed.has(uid),
    settle(claim) {
      const { uid } = claim.metadata;
      if (!assumed.delete(uid)) return;
      const live = claims.get(keyOf(claim));
      ledger.set(uid, live?.metadata.uid === uid ? live.status?.allocation : undefined);
      changed();
    },
  };
  const claimChanged = ({ type, object: { metadata: { uid }, status } }: Change<IResourceClaim>) => {
    const allocation = type === "DELETED" ? undefined : status?.allocation;
    if (allocation || type === "DELETED") assumed.delete(uid);
    if (!assumed.has(uid)) ledger.set(uid, allocation);
    changed();
  };
  const slicesChanged = () => {
    pools = undefined;
    changed();
  };
  return { view, handlers: [claims.onChange(claimChanged), classes.onChange(changed), slices.onChange(slicesChanged)] };
}
