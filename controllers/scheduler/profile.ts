/** Which rules apply, and in which order: the first filter that says no gives the reason. */
import type { FilterPlugin, ScorePlugin } from "./plugin.ts";
import * as plugins from "./plugins/mod.ts";

export interface Profile {
  readonly schedulerName: string;
  readonly filters: readonly FilterPlugin[];
  readonly scores: readonly ScorePlugin[];
}

export const defaultProfile: Profile = {
  schedulerName: "default-scheduler",
  filters: [
    plugins.nodeUnschedulable,
    plugins.nodeName,
    plugins.taintFilter,
    plugins.nodeAffinityFilter,
    plugins.nodePorts,
    plugins.fit,
    plugins.volumeRestrictions,
    plugins.nodeVolumeLimits,
    plugins.volumeBinding,
    plugins.volumeZone,
    plugins.dynamicResources,
    plugins.topologySpreadFilter,
    plugins.podAffinityFilter,
  ],
  scores: [
    plugins.taintScore,
    plugins.nodeAffinityScore,
    plugins.leastAllocated,
    plugins.topologySpreadScore,
    plugins.podAffinityScore,
    plugins.balancedAllocation,
    plugins.imageLocality,
  ],
};
