/** The macros that go through a list, a map or an optional. */
import type { LoopKind, LoopNode, Node } from "./ast.ts";
import type { Budget } from "./budget.ts";
import { compareValues } from "./compare.ts";
import { EvaluationError } from "./issue.ts";
import { attempt, type Scope, truth, within } from "./scope.ts";
import { type MapKey, MapValue, Optional, type Value } from "./value.ts";

type Evaluate = (node: Node, scope: Scope) => Value;

type Step = readonly [first: Value, second: Value];

interface Walk {
  readonly steps: readonly Step[];
  readonly range: Value;
  readonly budget: Budget;
  /** The body, with the names bound to a step. */
  body(step: Step): Value;
  kept(step: Step): boolean;
}

export function runLoop(
  { node, scope }: { node: LoopNode; scope: Scope },
  budget: Budget,
  evaluate: Evaluate,
): Value {
  const range = evaluate(node.range, scope);
  if (node.kind === "optMap" || node.kind === "optFlatMap") return throughOptional(node, range, scope, evaluate);
  const steps = stepsOf(range);
  budget.spend(steps.length);
  const [first, second] = node.names as [string, string?];
  const bound = ([a, b]: Step): Scope => {
    if (second === undefined) return within(scope, first, Array.isArray(range) ? b : a);
    return within(within(scope, first, a), second, b);
  };
  return results[node.kind]({
    steps,
    range,
    budget,
    body: (step) => evaluate(node.body, bound(step)),
    kept: (step) => !node.filter || truth(evaluate(node.filter, bound(step))),
  });
}

/** Index and element, or key and value. */
function stepsOf(range: Value): readonly Step[] {
  if (Array.isArray(range)) return (range as readonly Value[]).map((item, i) => [BigInt(i), item]);
  if (range instanceof MapValue) return range.entries();
  throw new EvaluationError("expression cannot be iterated over");
}

function throughOptional(node: LoopNode, range: Value, scope: Scope, evaluate: Evaluate): Value {
  if (!(range instanceof Optional)) throw new EvaluationError("no such overload");
  if (range.value === undefined) return Optional.none;
  const value = evaluate(node.body, within(scope, node.names[0]!, range.value));
  return node.kind === "optMap" ? new Optional(value) : value;
}

/** Stops at the first that decides; otherwise an error of any of them is the outcome. */
function quantified({ steps, body }: Walk, decisive: boolean): boolean {
  let failure: EvaluationError | undefined;
  for (const step of steps) {
    const answer = attempt(() => truth(body(step)));
    if (answer === decisive) return decisive;
    if (typeof answer !== "boolean") failure ??= answer;
  }
  if (failure) throw failure;
  return !decisive;
}

function listed({ steps, kept, body }: Walk): Value {
  return steps.flatMap((step) => kept(step) ? [body(step)] : []);
}

/** A filtered list is a list, a filtered map the list of its keys. */
function filtered({ steps, range, body }: Walk): Value {
  return steps.flatMap((step) => truth(body(step)) ? [Array.isArray(range) ? step[1] : step[0]] : []);
}

/** By what the body says of each; the order of equals stays. */
function sortedBy({ range, steps, body, budget }: Walk): Value {
  if (!Array.isArray(range)) throw new EvaluationError("no such overload");
  const judged = steps.map((step) => ({ item: step[1], key: body(step) }));
  return judged.sort((a, b) => compareValues(a.key, b.key, budget)).map(({ item }) => item);
}

function mapped({ steps, kept, body }: Walk): Value {
  return MapValue.of(steps.filter(kept).map((step) => [step[0] as MapKey, body(step)]));
}

function entries({ steps, kept, body }: Walk): Value {
  const map = new MapValue();
  for (const step of steps.filter(kept)) {
    const made = body(step);
    if (!(made instanceof MapValue)) throw new EvaluationError("no such overload");
    for (const [key, value] of made.entries()) map.set(key, value);
  }
  return map;
}

const results: Readonly<Record<Exclude<LoopKind, "optMap" | "optFlatMap">, (walk: Walk) => Value>> = {
  all: (walk) => quantified(walk, false),
  exists: (walk) => quantified(walk, true),
  exists_one: ({ steps, body }) => steps.filter((step) => truth(body(step))).length === 1,
  map: listed,
  filter: filtered,
  sortBy: sortedBy,
  transformList: listed,
  transformMap: mapped,
  transformMapEntry: entries,
};
