/** A claim for one pod only (ReadWriteOncePod, KEP-2485) is used by one pod only, on whatever node. */
import { type FilterPlugin, isOwnClaim } from "../plugin.ts";

const no = ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"];

export const volumeRestrictions: FilterPlugin = {
  name: "VolumeRestrictions",
  helpedBy: ["nodeAdded", "podGone", "volumeChanged"],
  helps(pod, happening) {
    if (happening.type === "podGone") return happening.pod.claims.some((key) => pod.claims.includes(key));
    return isOwnClaim(pod, happening);
  },
  prepare({ claims }, cluster) {
    const alone = claims.filter((key) => cluster.storage.claim(key)?.spec?.accessModes?.includes("ReadWriteOncePod"));
    return alone.length === 0 ? undefined : () => alone.some((key) => cluster.claimUsers(key) > 0) ? no : undefined;
  },
};
