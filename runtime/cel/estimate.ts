/**
 * What an expression costs at most, told by its text and by how large its variables can be.
 *
 * Laws: a larger bound never lowers an estimate; the walk takes one step a node; an expression over values that nothing
 * bounds is not refused here, it only becomes as dear as a request can be large. Source: KEP-2876, "Resource constraints";
 * the weights are those of cel-go.
 */
import type { CallNode, LoopKind, LoopNode, Node, SelectNode } from "./ast.ts";
import { anything, type Bound, either, fieldOf, itemOf, keyOf, manyOf, one, textOf } from "./bound.ts";
import { callEstimate } from "./call_estimate.ts";
import { qualifiedName } from "./parser.ts";

export interface Estimate {
  readonly cost: number;
  readonly bound: Bound;
}

/** `undefined`: there is no such name, or nothing is known of it. */
export type Bounds = (name: string) => Bound | undefined;

export function estimate(node: Node, bounds: Bounds): Estimate {
  switch (node.op) {
    case "literal":
      return { cost: 0, bound: typeof node.value === "string" ? textOf(node.value.length) : one };
    case "ident":
      return { cost: 1, bound: bounds(node.name) ?? one };
    case "select":
      return select(node, bounds);
    case "call":
      return call(node, bounds);
    case "list":
      return gathered(10, node.items.map((item) => estimate(item.node, bounds)), "list");
    case "map":
      return gathered(30, node.entries.map(({ key, value }) => entry(key, value, bounds)), "map");
    case "message":
      return gathered(40, node.fields.map(({ value }) => estimate(value, bounds)), "map");
    case "bind": {
      const value = estimate(node.value, bounds);
      const body = estimate(node.body, within(bounds, node.name, value.bound));
      return { cost: 10 + value.cost + body.cost, bound: body.bound };
    }
    case "loop":
      return loop(node, bounds);
  }
}

function within(bounds: Bounds, name: string, bound: Bound): Bounds {
  return (wanted) => wanted === name ? bound : bounds(wanted);
}

function select(node: SelectNode, bounds: Bounds): Estimate {
  const operand = estimate(node.operand, bounds);
  if (node.test) return { cost: operand.cost, bound: one };
  return { cost: operand.cost + 1, bound: fieldOf(operand.bound, node.field) };
}

function entry(key: Node, value: Node, bounds: Bounds): Estimate {
  const made = estimate(value, bounds);
  return { cost: estimate(key, bounds).cost + made.cost, bound: made.bound };
}

function gathered(base: number, parts: readonly Estimate[], kind: "list" | "map"): Estimate {
  const item = parts.map(({ bound }) => bound).reduce(either, one);
  return { cost: base + sum(parts), bound: { kind, most: parts.length, item } };
}

function sum(parts: readonly Estimate[]): number {
  return parts.reduce((total, { cost }) => total + cost, 0);
}

function call({ name, target, args }: CallNode, bounds: Bounds): Estimate {
  const namespace = target && qualifiedName(target);
  // `math`, `sets` and their like are part of a function's name, unless a variable has it.
  const spaced = namespace !== undefined && bounds(namespace.split(".")[0]!) === undefined;
  const parts = [...target && !spaced ? [target] : [], ...args].map((arg) => estimate(arg, bounds));
  const { cost, bound } = callEstimate(spaced ? `${namespace}.${name}` : name, parts.map((part) => part.bound));
  return { cost: cost + paid(name, parts), bound };
}

/** Of the two ways of a condition only one is gone. */
function paid(name: string, parts: readonly Estimate[]): number {
  const [test, yes, no] = parts;
  return name === "_?_:_" ? test!.cost + Math.max(yes!.cost, no!.cost) : sum(parts);
}

/** What a macro does besides its body: once, and for each element. */
const overheads: Readonly<Record<LoopKind, readonly [once: number, each: number]>> = {
  all: [1, 3],
  exists: [1, 4],
  exists_one: [2, 2],
  map: [11, 12],
  filter: [11, 13],
  sortBy: [11, 12],
  transformList: [11, 12],
  transformMap: [31, 3],
  transformMapEntry: [31, 3],
  optMap: [1, 1],
  optFlatMap: [1, 1],
};

function loop(node: LoopNode, bounds: Bounds): Estimate {
  const range = estimate(node.range, bounds);
  const optional = node.kind === "optMap" || node.kind === "optFlatMap";
  const inner = node.names.reduce(
    (outer, name, i) => within(outer, name, optional ? range.bound : nameBound(node, i, range.bound)),
    bounds,
  );
  const body = estimate(node.body, inner);
  const filter = node.filter ? estimate(node.filter, inner).cost : 0;
  const [once, each] = overheads[node.kind];
  const turns = optional ? 1 : range.bound.most;
  const compared = node.kind === "sortBy" ? turns * turns : 0;
  const cost = range.cost + once + turns * (each + filter + body.cost) + compared;
  return { cost, bound: loopBound(node.kind, range.bound, body.bound) };
}

/** One name is that of an item or of a key, two are those of index and item or of key and value. */
function nameBound({ names }: LoopNode, i: number, range: Bound): Bound {
  if (i === 1) return itemOf(range);
  if (range.kind === "any") return anything;
  return range.kind === "map" ? keyOf(range) : names.length === 2 ? one : itemOf(range);
}

function loopBound(kind: LoopKind, range: Bound, body: Bound): Bound {
  if (kind === "map" || kind === "transformList") return manyOf(range.most, body);
  if (kind === "sortBy") return range;
  if (kind === "filter") return range.kind === "map" ? manyOf(range.most, keyOf(range)) : range;
  if (kind === "transformMap") return { kind: "map", most: range.most, item: body };
  if (kind === "transformMapEntry") return { kind: "map", most: range.most, item: itemOf(body) };
  return kind === "optMap" || kind === "optFlatMap" ? body : one;
}
