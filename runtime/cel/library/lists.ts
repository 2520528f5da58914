/** Lists: Kubernetes' own (isSorted, sum, min, max, indexOf), CEL's lists and sets extensions. */
import type { Budget } from "../budget.ts";
import { compareValues, sameValue } from "../compare.ts";
import { EvaluationError } from "../issue.ts";
import { operators } from "../operators.ts";
import { overload, overloads } from "../overload.ts";
import { Duration, Optional, Uint, type Value } from "../value.ts";

type List = readonly Value[];

function isSorted(list: List, budget: Budget): boolean {
  return list.every((item, i) => i === 0 || compareValues(list[i - 1]!, item, budget) <= 0);
}

/** What sums begin with, by the type of the items. */
const zeros: Readonly<Record<string, Value>> = { int: 0n, uint: new Uint(0n), double: 0, duration: new Duration(0n) };

function sumFrom(zero: Value) {
  return (list: List, budget: Budget): Value => {
    const [first = zero, ...rest] = list;
    budget.spend(list.length);
    return rest.reduce((sum, item) => operators["_+_"]!(sum, item, budget), first);
  };
}

function extreme(sign: number, name: string) {
  return (list: List, budget: Budget): Value => {
    if (list.length === 0) throw new EvaluationError(`${name} called on empty list`);
    return list.reduce((best, item) => Math.sign(compareValues(item, best, budget)) === sign ? item : best);
  };
}

function indexOf(list: List, item: Value, budget: Budget): bigint {
  return BigInt(list.findIndex((one) => sameValue(one, item, budget)));
}

function lastIndexOf(list: List, item: Value, budget: Budget): bigint {
  return BigInt(list.findLastIndex((one) => sameValue(one, item, budget)));
}

function slice(list: List, from: bigint, to: bigint, budget: Budget): List {
  if (from < 0n || to < from || to > BigInt(list.length)) {
    throw new EvaluationError(`cannot slice(${from}, ${to}), list is length ${list.length}`);
  }
  budget.spend(Number(to - from));
  return list.slice(Number(from), Number(to));
}

function flatten(list: List, depth: bigint, budget: Budget): List {
  if (depth < 0n) throw new EvaluationError("level must be non-negative");
  budget.spend(list.length);
  return list.flatMap((item) => Array.isArray(item) && depth > 0n ? flatten(item as List, depth - 1n, budget) : [item]);
}

function distinct(list: List, budget: Budget): List {
  return list.filter((item, i) => list.findIndex((one) => sameValue(one, item, budget)) === i);
}

function sorted(list: List, budget: Budget): List {
  return [...list].sort((a, b) => compareValues(a, b, budget));
}

function range(count: bigint, budget: Budget): List {
  budget.spend(Number(count));
  return Array.from({ length: Math.max(0, Number(count)) }, (_, i) => BigInt(i));
}

function holds(list: List, item: Value, budget: Budget): boolean {
  return list.some((one) => sameValue(one, item, budget));
}

const containsAll = (a: List, b: List, budget: Budget) => b.every((item) => holds(a, item, budget));

function firstOf(list: List, at: number): Value {
  const found = list.at(at);
  return found === undefined ? Optional.none : new Optional(found);
}

const ordered = ["int", "uint", "double", "bool", "string", "bytes", "timestamp", "duration"];

export const listFunctions = [
  ...ordered.flatMap((type) => [
    overload(`list<${type}>.isSorted(): bool`, isSorted),
    overload(`list<${type}>.min(): ${type}`, extreme(-1, "min")),
    overload(`list<${type}>.max(): ${type}`, extreme(1, "max")),
    overload(`list<${type}>.sort(): list<${type}>`, sorted),
  ]),
  ...Object.entries(zeros).map(([type, zero]) => overload(`list<${type}>.sum(): ${type}`, sumFrom(zero))),
  ...overloads({
    "list<T>.indexOf(T): int": indexOf,
    "list<T>.lastIndexOf(T): int": lastIndexOf,
    "list<T>.slice(int, int): list<T>": slice,
    "list<list<T>>.flatten(): list<T>": (list: List, budget: Budget) => flatten(list, 1n, budget),
    "list<dyn>.flatten(int): list<dyn>": flatten,
    "list<T>.distinct(): list<T>": distinct,
    "list<T>.reverse(): list<T>": (list: List, budget: Budget) => {
      budget.spend(list.length);
      return [...list].reverse();
    },
    "list<T>.first(): optional<T>": (list: List) => firstOf(list, 0),
    "list<T>.last(): optional<T>": (list: List) => firstOf(list, -1),
    '"lists.range"(int): list<int>': range,
    '"sets.contains"(list<T>, list<T>): bool': containsAll,
    '"sets.equivalent"(list<T>, list<T>): bool': (a: List, b: List, budget: Budget) =>
      containsAll(a, b, budget) && containsAll(b, a, budget),
    '"sets.intersects"(list<T>, list<T>): bool': (a: List, b: List, budget: Budget) =>
      b.some((item) => holds(a, item, budget)),
  }),
];
