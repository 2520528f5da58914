/** The arguments that plugins take: their shape, what holds where they are not given, and what is wrong with them. */
import type { INodeAffinity } from "kubernetes-models/v1/NodeAffinity";
import type { ITopologySpreadConstraint } from "kubernetes-models/v1/TopologySpreadConstraint";
import { z } from "zod";
import { durationMs } from "../../../runtime/auth/structured/duration.ts";
import type { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import type { ScoringStrategy } from "../plugins/resource_scores.ts";

/** Of one plugin. Source: kubescheduler.config.k8s.io/v1, types `<Plugin>Args`. */
export interface ArgsKind<S extends z.ZodType> {
  readonly schema: S;
  readonly check?: (args: z.output<S>, path: string, faults: FieldFaults) => void;
}

function argsKind<S extends z.ZodType>(schema: S, check?: ArgsKind<S>["check"]): ArgsKind<S> {
  return { schema, check };
}

export const noArgs = argsKind(z.strictObject({}));

const resource = z.strictObject({ name: z.string(), weight: z.int().default(1) });
const cpuAndMemory = () => [{ name: "cpu", weight: 1 }, { name: "memory", weight: 1 }];
const curvePoint = z.strictObject({ utilization: z.int(), score: z.int() });
const strategyTypes = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];

const scoringStrategy = z.strictObject({
  type: z.string().default("LeastAllocated"),
  resources: z.array(resource).default(cpuAndMemory),
  requestedToCapacityRatio: z.strictObject({ shape: z.array(curvePoint).default([]) }).optional(),
});

export const fitArgs = argsKind(
  z.strictObject({
    ignoredResources: z.array(z.string()).default([]),
    ignoredResourceGroups: z.array(z.string()).default([]),
    scoringStrategy: scoringStrategy.prefault({}),
  }),
  ({ ignoredResourceGroups, scoringStrategy: { type, resources, requestedToCapacityRatio } }, path, faults) => {
    ignoredResourceGroups.forEach((group, at) => {
      const place = `${path}.ignoredResourceGroups[${at}]`;
      if (group.includes("/")) faults.invalid(place, group, "resource group name can't contain '/'");
    });
    const place = `${path}.scoringStrategy`;
    if (!strategyTypes.includes(type)) faults.unsupported(`${place}.type`, type, strategyTypes);
    weightsWithin(resources, `${place}.resources`, faults);
    if (type !== "RequestedToCapacityRatio") return;
    checkShape(requestedToCapacityRatio?.shape ?? [], `${place}.requestedToCapacityRatio.shape`, faults);
  },
);

/** What the plugin makes of them once they are checked. */
export function strategyOf({ scoringStrategy }: z.output<typeof fitArgs.schema>): ScoringStrategy {
  const { type, resources, requestedToCapacityRatio } = scoringStrategy;
  return { type: type as ScoringStrategy["type"], resources, shape: requestedToCapacityRatio?.shape ?? [] };
}

function weightsWithin(resources: readonly z.output<typeof resource>[], path: string, faults: FieldFaults): void {
  resources.forEach(({ name, weight }, at) => {
    if (weight >= 1 && weight <= 100) return;
    faults.invalid(`${path}[${at}].weight`, weight, `resource weight of ${name} not in valid range [1, 100]`);
  });
}

function checkShape(shape: readonly z.output<typeof curvePoint>[], path: string, faults: FieldFaults): void {
  if (shape.length === 0) return faults.required(path, "at least one point must be specified");
  shape.forEach(({ utilization, score }, at) => {
    const place = `${path}[${at}]`;
    within(utilization, [0, 100], `${place}.utilization`, faults);
    within(score, [0, 10], `${place}.score`, faults);
    if (at === 0 || utilization > shape[at - 1]!.utilization) return;
    faults.invalid(`${place}.utilization`, utilization, "utilization values must be sorted in increasing order");
  });
}

function within(value: number, [least, most]: readonly [number, number], path: string, faults: FieldFaults): void {
  if (value < least || value > most) faults.invalid(path, value, `not in valid range [${least}, ${most}]`);
}

export const balancedArgs = argsKind(
  z.strictObject({ resources: z.array(resource).default(cpuAndMemory) }),
  ({ resources }, path, faults) => {
    resources.forEach(({ name, weight }, at) => {
      const why = `resource weight of ${name} should be 1`;
      if (weight !== 1) faults.invalid(`${path}.resources[${at}].weight`, weight, why);
    });
  },
);

export const podAffinityArgs = argsKind(
  z.strictObject({
    hardPodAffinityWeight: z.int().default(1),
    ignorePreferredTermsOfExistingPods: z.boolean().default(false),
  }),
  ({ hardPodAffinityWeight }, path, faults) =>
    within(hardPodAffinityWeight, [0, 100], `${path}.hardPodAffinityWeight`, faults),
);

const strengths = ["DoNotSchedule", "ScheduleAnyway"];

/** Those of pods name more fields; a profile may give these three. */
const spreadDefault = z.strictObject({
  maxSkew: z.int().default(0),
  topologyKey: z.string().default(""),
  whenUnsatisfiable: z.string().default(""),
  labelSelector: z.unknown().optional(),
});

export const spreadArgs = argsKind(
  z.strictObject({
    defaultConstraints: z.array(spreadDefault).default([]),
    defaultingType: z.string().default("System"),
  }),
  ({ defaultConstraints, defaultingType }, path, faults) => {
    if (defaultingType === "System") {
      if (defaultConstraints.length === 0) return;
      faults.invalid(`${path}.defaultingType`, defaultingType, "when .defaultConstraints are not empty");
    } else if (defaultingType !== "List") {
      faults.unsupported(`${path}.defaultingType`, defaultingType, ["System", "List"]);
    }
    const seen = new Set<string>();
    defaultConstraints.forEach((constraint, at) => {
      const place = `${path}.defaultConstraints[${at}]`;
      checkSpread(constraint, place, faults);
      const { topologyKey, whenUnsatisfiable } = constraint;
      const twin = `{${topologyKey}, ${whenUnsatisfiable}}`;
      if (seen.has(twin)) faults.duplicate(place, twin);
      seen.add(twin);
    });
  },
);

function checkSpread(constraint: z.output<typeof spreadDefault>, path: string, faults: FieldFaults): void {
  const { maxSkew, topologyKey, whenUnsatisfiable, labelSelector } = constraint;
  if (maxSkew <= 0) faults.invalid(`${path}.maxSkew`, maxSkew, "not in valid range (0, inf)");
  if (topologyKey === "") faults.required(`${path}.topologyKey`, "can not be empty");
  if (whenUnsatisfiable === "") faults.required(`${path}.whenUnsatisfiable`, "can not be empty");
  else if (!strengths.includes(whenUnsatisfiable)) {
    faults.unsupported(`${path}.whenUnsatisfiable`, whenUnsatisfiable, strengths);
  }
  if (labelSelector === undefined) return;
  faults.forbidden(`${path}.labelSelector`, "constraint must not define a selector, as they deduced for each pod");
}

export function spreadDefaultsOf({ defaultConstraints }: z.output<typeof spreadArgs.schema>) {
  return { constraints: defaultConstraints as ITopologySpreadConstraint[], allKeysNeeded: true };
}

const expression = z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() });
const term = z.strictObject({
  matchExpressions: z.array(expression).optional(),
  matchFields: z.array(expression).optional(),
});
const operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

export const nodeAffinityArgs = argsKind(
  z.strictObject({
    addedAffinity: z.strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z.strictObject({ nodeSelectorTerms: z.array(term) }).optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z.array(
        z.strictObject({ weight: z.int(), preference: term }),
      ).optional(),
    }).optional(),
  }),
  ({ addedAffinity }, path, faults) => {
    if (!addedAffinity) return;
    const place = `${path}.addedAffinity`;
    const required = addedAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    const preferred = addedAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const requiredPath = `${place}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (required?.nodeSelectorTerms.length === 0) {
      faults.required(requiredPath, "must have at least one node selector term");
    }
    required?.nodeSelectorTerms.forEach((one, at) => checkTerm(one, `${requiredPath}[${at}]`, faults));
    preferred.forEach(({ weight, preference }, at) => {
      const each = `${place}.preferredDuringSchedulingIgnoredDuringExecution[${at}]`;
      if (weight < 1 || weight > 100) faults.invalid(`${each}.weight`, weight, "must be in the range 1-100");
      checkTerm(preference, `${each}.preference`, faults);
    });
  },
);

function checkTerm(
  { matchExpressions = [], matchFields = [] }: z.output<typeof term>,
  path: string,
  faults: FieldFaults,
) {
  for (const [list, rules] of Object.entries({ matchExpressions, matchFields })) {
    rules.forEach(({ operator }, at) => {
      const why = "not a valid selector operator";
      if (!operators.includes(operator)) faults.invalid(`${path}.${list}[${at}].operator`, operator, why);
    });
  }
}

export function affinityOf({ addedAffinity }: z.output<typeof nodeAffinityArgs.schema>): INodeAffinity | undefined {
  return addedAffinity as INodeAffinity | undefined;
}

export const volumeBindingArgs = argsKind(
  z.strictObject({ bindTimeoutSeconds: z.int().default(600), shape: z.array(curvePoint).optional() }),
  ({ bindTimeoutSeconds, shape }, path, faults) => {
    const place = `${path}.bindTimeoutSeconds`;
    const why = "invalid BindTimeoutSeconds, should not be a negative value";
    if (bindTimeoutSeconds < 0) faults.invalid(place, bindTimeoutSeconds, why);
    // Behind the feature gate StorageCapacityScoring, which is off.
    if (shape) {
      faults.invalid(`${path}.shape`, shape, "unexpected field `shape`, feature StorageCapacityScoring is off");
    }
  },
);

export const preemptionArgs = argsKind(
  z.strictObject({
    minCandidateNodesPercentage: z.int().default(10),
    minCandidateNodesAbsolute: z.int().default(100),
  }),
  ({ minCandidateNodesPercentage: percentage, minCandidateNodesAbsolute: absolute }, path, faults) => {
    within(percentage, [0, 100], `${path}.minCandidateNodesPercentage`, faults);
    if (absolute < 0) faults.invalid(`${path}.minCandidateNodesAbsolute`, absolute, "not in valid range [0, inf)");
    if (percentage !== 0 || absolute !== 0) return;
    const why = "cannot be zero at the same time as minCandidateNodesAbsolute";
    faults.invalid(`${path}.minCandidateNodesPercentage`, percentage, why);
  },
);

export const dynamicResourcesArgs = argsKind(
  z.strictObject({ filterTimeout: z.string().optional(), bindingTimeout: z.string().default("600s") }),
  ({ bindingTimeout }, path, faults) => {
    if ((durationMs(bindingTimeout) ?? 0) > 0) return;
    faults.invalid(`${path}.bindingTimeout`, bindingTimeout, "must be greater than zero");
  },
);
