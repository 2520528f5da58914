/** So many volumes of one driver a node can hold as its CSINode says; a volume of several pods counts once. */
import type { Key } from "../../../runtime/schema/mod.ts";
import { storageClassOf } from "../../persistent_volume/plan.ts";
import type { FilterPlugin } from "../plugin.ts";
import type { StorageView } from "../storage_view.ts";

const no = ["node(s) exceed max volume count"];

export const nodeVolumeLimits: FilterPlugin = {
  name: "NodeVolumeLimits",
  helpedBy: ["nodeAdded", "nodeChanged", "podGone", "volumeChanged"],
  helps: (_, happening) => happening.type !== "podGone" || happening.pod.claims.length > 0,
  prepare({ claims }, { storage }) {
    const asked = claims.flatMap((key) => attachmentOf(key, storage) ?? []);
    if (asked.length === 0) return undefined;
    return (node) => {
      const limits = limitsOf(node.name, storage);
      if (!asked.some(({ driver }) => limits.has(driver))) return undefined;
      const there = [...node.pods()].flatMap((pod) => pod.claims).flatMap((key) => attachmentOf(key, storage) ?? []);
      const known = new Set(there.map(({ id }) => id));
      const added = asked.filter(({ id }) => !known.has(id));
      const together = Map.groupBy(
        new Map([...there, ...added].map((one) => [one.id, one])).values(),
        ({ driver }) => driver,
      );
      const exceeds = ({ driver }: Attachment) => together.get(driver)!.length > (limits.get(driver) ?? Infinity);
      return added.some(exceeds) ? no : undefined;
    };
  },
};

interface Attachment {
  readonly driver: string;
  /** The same for the same volume. */
  readonly id: string;
}

/** Undefined: no driver attaches it. A claim without a volume counts as one of the driver that would make it. */
function attachmentOf(key: Key, storage: StorageView): Attachment | undefined {
  const claim = storage.claim(key);
  if (!claim) return undefined;
  const csi = storage.volume(claim.spec?.volumeName ?? "")?.spec?.csi;
  if (csi) return { driver: csi.driver, id: `${csi.driver}/${csi.volumeHandle}` };
  const provisioner = claim.spec?.volumeName ? undefined : storage.storageClass(storageClassOf(claim))?.provisioner;
  return provisioner ? { driver: provisioner, id: `${provisioner} ${key}` } : undefined;
}

function limitsOf(node: string, storage: StorageView): ReadonlyMap<string, number> {
  const drivers = storage.csiNode(node)?.spec?.drivers ?? [];
  return new Map(drivers.flatMap(({ name, allocatable }) => {
    const count = allocatable?.count;
    return count === undefined ? [] : [[name, count] as const];
  }));
}
