/** Volumes that name zones or regions in labels are reached from there only; `a__b` names several. */
import { type FilterPlugin, isOwnClaim } from "../plugin.ts";

const no = ["node(s) had no available volume zone"];
const topologyLabels = [
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
];

export const volumeZone: FilterPlugin = {
  name: "VolumeZone",
  helpedBy: ["nodeAdded", "nodeChanged", "volumeChanged"],
  helps: isOwnClaim,
  prepare({ claims }, { storage }) {
    const places = claims.flatMap((key) => {
      const { labels = {} } = storage.volume(storage.claim(key)?.spec?.volumeName ?? "")?.metadata ?? {};
      return topologyLabels.filter((label) => labels[label]).map((label) =>
        [label, labels[label]!.split("__")] as const
      );
    });
    if (places.length === 0) return undefined;
    return ({ labels }) => {
      // A node that tells nothing of where it is, is not judged.
      if (!topologyLabels.some((label) => labels[label] !== undefined)) return undefined;
      return places.every(([label, values]) => values.includes(labels[label] ?? "")) ? undefined : no;
    };
  },
};
