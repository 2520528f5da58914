/**
 * Which plugins of a profile are on at which extension point, with which weight.
 *
 * Laws: what a profile says of one point wins over what it says of `multiPoint`, and that over the defaults; `*` turns off
 * all defaults; plugins that a profile turns on come after those that are on by default, unless they replace one.
 *
 * Source: "Scheduler Configuration" (https://kubernetes.io/docs/reference/scheduling/config/).
 */
import { type PluginRow, pluginTable, type Point, points } from "./plugin_table.ts";

export interface Enabled {
  readonly name: string;
  /** Of its score; 0 stands for 1. */
  readonly weight?: number;
}

export interface PluginSet {
  readonly enabled?: readonly Enabled[];
  readonly disabled?: readonly Enabled[];
}

export type PluginSets = Readonly<Partial<Record<Point | "multiPoint", PluginSet>>>;

/** Of the scores that count more than once by default. */
const defaultWeights: Readonly<Record<string, number>> = {
  TaintToleration: 3,
  NodeAffinity: 2,
  PodTopologySpread: 2,
  InterPodAffinity: 2,
};

const rows = new Map(pluginTable.map((row) => [row.name, row]));
const defaults: readonly Enabled[] = pluginTable.map(({ name }) => ({ name, weight: defaultWeights[name] }));

/** Plugins that are on at each point, in order. Throws an Error where a set names what is not there. */
export function enabledAt(sets: PluginSets): Readonly<Record<Point, readonly Enabled[]>> {
  const multi = merged(defaults, sets.multiPoint ?? {});
  for (const { name } of multi) known(name, "MultiPoint");
  const at = points.map((point) => [point, atPoint(point, multi, sets[point] ?? {})] as const);
  return Object.fromEntries(at) as unknown as Record<Point, readonly Enabled[]>;
}

function merged(base: readonly Enabled[], { enabled = [], disabled = [] }: PluginSet): Enabled[] {
  const off = new Set(disabled.map(({ name }) => name));
  const own = new Map(enabled.map((one) => [one.name, one]));
  const kept = off.has("*") ? [] : base.filter(({ name }) => !off.has(name)).map((one) => own.get(one.name) ?? one);
  const names = new Set(kept.map(({ name }) => name));
  return [...kept, ...enabled.filter(({ name }) => !names.has(name))];
}

function atPoint(point: Point, multi: readonly Enabled[], { enabled = [], disabled = [] }: PluginSet): Enabled[] {
  const own = new Set<string>();
  for (const { name } of enabled) {
    const type = typeOf(point);
    if (!known(name, type).points.includes(point)) throw new Error(`plugin "${name}" does not extend ${type} plugin`);
    if (own.has(name)) throw new Error(`plugin "${name}" already registered as "${type}"`);
    own.add(name);
  }
  const off = new Set(disabled.map(({ name }) => name));
  const inMulti = new Set(multi.map(({ name }) => name));
  const inherited = off.has("*")
    ? []
    : multi.filter(({ name }) => !own.has(name) && !off.has(name) && rows.get(name)!.points.includes(point));
  const replacing = enabled.filter(({ name }) => inMulti.has(name));
  return [...replacing, ...inherited, ...enabled.filter(({ name }) => !inMulti.has(name))];
}

function known(name: string, type: string): PluginRow {
  const row = rows.get(name);
  if (!row) throw new Error(`${type} "${name}" does not exist`);
  return row;
}

/** `preFilter` is `PreFilterPlugin` */
function typeOf(point: Point): string {
  return `${point[0]!.toUpperCase()}${point.slice(1)}Plugin`;
}
