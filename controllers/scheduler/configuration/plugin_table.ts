/** Every plugin there is, in the order in which it is asked by default. */
import type { z } from "zod";
import { durationMs } from "../../../runtime/auth/structured/duration.ts";
import type { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import type { FilterPlugin, ScorePlugin } from "../plugin.ts";
import * as plugins from "../plugins/mod.ts";
import type { Profile } from "../profile.ts";
import { decodedArgs } from "./decode_args.ts";
import * as args from "./plugin_args.ts";

export type Point =
  | "preEnqueue"
  | "queueSort"
  | "preFilter"
  | "filter"
  | "postFilter"
  | "preScore"
  | "score"
  | "reserve"
  | "permit"
  | "preBind"
  | "bind"
  | "postBind";

export const points: readonly Point[] = [
  ...["preEnqueue", "queueSort", "preFilter", "filter", "postFilter", "preScore", "score"] as const,
  ...["reserve", "permit", "preBind", "bind", "postBind"] as const,
];

/** What a plugin gives to a profile. */
export interface Part extends Partial<Pick<Profile, "preemption" | "bindTimeoutMs" | "deviceTimeoutMs">> {
  readonly filter?: FilterPlugin;
  readonly score?: ScorePlugin;
}

export interface PluginRow {
  readonly name: string;
  readonly points: readonly Point[];
  /** Checks arguments now and makes the plugin later, when all are known to be right. */
  readonly take: (raw: unknown, path: string, faults: FieldFaults) => (ignoredResources: readonly string[]) => Part;
  /** Arguments that change nothing here. */
  readonly ignores: readonly string[];
}

function plugin<S extends z.ZodType>(
  name: string,
  points: readonly Point[],
  kind: args.ArgsKind<S>,
  make: (args: z.output<S>, ignoredResources: readonly string[]) => Part = () => ({}),
  ignores: readonly string[] = [],
): PluginRow {
  return {
    name,
    points,
    ignores,
    take(raw, path, faults) {
      const given = decodedArgs(name, kind.schema, raw);
      kind.check?.(given, path, faults);
      return (ignoredResources) => make(given, ignoredResources);
    },
  };
}

const filters = ["preFilter", "filter"] as const;
const scores = ["preScore", "score"] as const;

export const pluginTable: readonly PluginRow[] = [
  plugin("SchedulingGates", ["preEnqueue"], args.noArgs),
  plugin("PrioritySort", ["queueSort"], args.noArgs),
  plugin("NodeUnschedulable", ["filter"], args.noArgs, () => ({ filter: plugins.nodeUnschedulable })),
  plugin("NodeName", ["filter"], args.noArgs, () => ({ filter: plugins.nodeName })),
  plugin("TaintToleration", ["filter", ...scores], args.noArgs, () => ({
    filter: plugins.taintFilter,
    score: plugins.taintScore,
  })),
  plugin("NodeAffinity", [...filters, ...scores], args.nodeAffinityArgs, (given) => ({
    filter: plugins.nodeAffinityFilter(args.affinityOf(given)),
    score: plugins.nodeAffinityScore(args.affinityOf(given)),
  })),
  plugin("NodePorts", filters, args.noArgs, () => ({ filter: plugins.nodePorts })),
  plugin("NodeResourcesFit", [...filters, ...scores], args.fitArgs, (given, elsewhere) => ({
    filter: plugins.fit({ names: [...given.ignoredResources, ...elsewhere], groups: given.ignoredResourceGroups }),
    score: plugins.resourcesScore(args.strategyOf(given)),
  })),
  plugin("VolumeRestrictions", filters, args.noArgs, () => ({ filter: plugins.volumeRestrictions })),
  plugin("NodeVolumeLimits", filters, args.noArgs, () => ({ filter: plugins.nodeVolumeLimits })),
  plugin("VolumeBinding", [...filters, "reserve", "preBind"], args.volumeBindingArgs, ({ bindTimeoutSeconds }) => ({
    filter: plugins.volumeBinding,
    bindTimeoutMs: bindTimeoutSeconds * 1000,
  })),
  plugin("VolumeZone", filters, args.noArgs, () => ({ filter: plugins.volumeZone })),
  plugin("PodTopologySpread", [...filters, ...scores], args.spreadArgs, (given) => {
    const defaults = given.defaultingType === "System" ? plugins.systemDefaults : args.spreadDefaultsOf(given);
    return { filter: plugins.topologySpreadFilter(defaults), score: plugins.topologySpreadScore(defaults) };
  }),
  plugin("InterPodAffinity", [...filters, ...scores], args.podAffinityArgs, (given) => ({
    filter: plugins.podAffinityFilter,
    score: plugins.podAffinityScore(given),
  })),
  plugin(
    "DynamicResources",
    ["preEnqueue", ...filters, "postFilter", "reserve", "preBind"],
    args.dynamicResourcesArgs,
    ({ bindingTimeout }) => ({ filter: plugins.dynamicResources, deviceTimeoutMs: durationMs(bindingTimeout)! }),
    // The search for devices ends after a fixed number of steps.
    ["filterTimeout"],
  ),
  plugin("DefaultPreemption", ["postFilter"], args.preemptionArgs, (preemption) => ({ preemption })),
  plugin("NodeResourcesBalancedAllocation", scores, args.balancedArgs, ({ resources }) => ({
    score: plugins.balancedAllocation(resources),
  })),
  plugin("ImageLocality", ["score"], args.noArgs, () => ({ score: plugins.imageLocality })),
  plugin("DefaultBinder", ["bind"], args.noArgs),
];
