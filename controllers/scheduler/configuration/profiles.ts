/** Profiles from what a file says of them: the plugins that are on, made with their arguments. */
import type { FieldFaults } from "../../../runtime/auth/structured/field_faults.ts";
import type { Profile } from "../profile.ts";
import type { ProfileDocument } from "./document.ts";
import { type Enabled, enabledAt, type PluginSets } from "./plugin_sets.ts";
import { type Part, type PluginRow, pluginTable, type Point } from "./plugin_table.ts";

export interface ProfileContext {
  readonly path: string;
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number;
  /** Extended resources that extenders look after. */
  readonly ignoredResources: readonly string[];
  readonly faults: FieldFaults;
  /** What is accepted and changes nothing. */
  readonly warn: (warning: string) => void;
}

type EnabledAt = ReturnType<typeof enabledAt>;

/** Checks now; makes the profile later, when nothing was wrong. */
export function takeProfile(document: ProfileDocument, context: ProfileContext): () => Profile {
  const { schedulerName, percentageOfNodesToScore } = context;
  const at = enabledAt((document.plugins ?? {}) as PluginSets);
  checkNeeded(at, context);
  checkPrepared(at, context);
  const takers = takeArgs(document, context);
  return () => {
    const parts = new Map([...takers].map(([name, make]) => [name, make(context.ignoredResources)]));
    const on = (point: Point) => at[point].map(({ name }) => parts.get(name)!);
    const filters = on("filter").flatMap(({ filter }) => filter ?? []);
    const scores = at.score.flatMap(({ name, weight }) => {
      const score = parts.get(name)?.score;
      return score ? [{ ...score, weight: weight || 1 }] : [];
    });
    const first = <K extends keyof Part>(point: Point, field: K) =>
      on(point).find((part) => part[field] !== undefined)?.[field];
    return {
      schedulerName,
      filters,
      scores,
      preemption: first("postFilter", "preemption"),
      bindTimeoutMs: first("reserve", "bindTimeoutMs"),
      deviceTimeoutMs: first("reserve", "deviceTimeoutMs"),
      percentageOfNodesToScore: document.percentageOfNodesToScore ?? percentageOfNodesToScore,
    };
  };
}

/** Of each plugin, whether it is on or not. */
function takeArgs(
  { pluginConfig }: ProfileDocument,
  { path, faults, warn }: ProfileContext,
): Map<string, ReturnType<PluginRow["take"]>> {
  const given = new Map<string, { raw: unknown; at: number }>();
  pluginConfig.forEach(({ name, args }, at) => {
    const place = `${path}.pluginConfig[${at}]`;
    if (given.has(name)) faults.duplicate(place, name);
    else if (!pluginTable.some((row) => row.name === name)) faults.invalid(place, name, "there is no such plugin");
    given.set(name, { raw: args, at });
  });
  return new Map(pluginTable.map(({ name, ignores, take }) => {
    const { raw, at = 0 } = given.get(name) ?? {};
    const place = `${path}.pluginConfig[${at}]`;
    for (const field of ignores) {
      if (Object.hasOwn(raw ?? {}, field)) warn(`${place}.args.${field} changes nothing: ${name} needs no such limit`);
    }
    try {
      return [name, take(raw, `${place}.args`, faults)];
    } catch (error) {
      throw new Error(`decoding .${place}: ${(error as Error).message}`, { cause: error });
    }
  }));
}

/** Without these nothing would work. */
function checkNeeded(at: EnabledAt, { schedulerName }: ProfileContext): void {
  if (at.queueSort.length !== 1) {
    throw new Error(`only one queue sort plugin can be enabled, have ${at.queueSort.length}`);
  }
  if (at.bind.length === 0) {
    throw new Error(`at least one bind plugin is needed for profile with scheduler name "${schedulerName}"`);
  }
  if (at.preEnqueue.some(isNamed("SchedulingGates"))) return;
  throw new Error(`profile "${schedulerName}": plugin SchedulingGates cannot be disabled: gated pods cannot be bound`);
}

/** Here a plugin is asked once for all that leads to its decision: the decision cannot be on where what prepares it is off. */
const prepares: readonly (readonly [Point, Point])[] = [
  ["preFilter", "filter"],
  ["reserve", "filter"],
  ["preBind", "filter"],
  ["preScore", "score"],
];

function checkPrepared(at: EnabledAt, { schedulerName, warn }: ProfileContext): void {
  for (const { name, points } of pluginTable) {
    for (const [before, decision] of prepares) {
      if (!points.includes(before) || !points.includes(decision)) continue;
      const isPrepared = at[before].some(isNamed(name));
      const decides = at[decision].some(isNamed(name));
      if (isPrepared === decides) continue;
      if (decides) {
        throw new Error(
          `profile "${schedulerName}": plugin ${name} cannot be on for ${decision} and off for ${before}`,
        );
      }
      if (before !== "preScore") {
        warn(`profile "${schedulerName}": ${name} is off for ${decision}, and so for ${before}`);
      }
    }
  }
}

function isNamed(wanted: string): (enabled: Enabled) => boolean {
  return ({ name }) => name === wanted;
}
