/** Values that may be absent: `self.?a.?b.orValue(1)`. Macros optMap and optFlatMap are in `loop.ts`. */
import type { Budget } from "../budget.ts";
import { EvaluationError } from "../issue.ts";
import { overloads } from "../overload.ts";
import { Duration, MapValue, Optional, Timestamp, type Value } from "../value.ts";

function isZero(value: Value): boolean {
  if (value === null || value === false || value === 0n || value === 0 || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof MapValue) return value.size === 0;
  return (value instanceof Duration || value instanceof Timestamp) && value.nanos === 0n;
}

function valueOf({ value }: Optional): Value {
  if (value === undefined) throw new EvaluationError("optional.none() dereference");
  return value;
}

function present(list: readonly Value[], budget: Budget): Value {
  budget.spend(list.length);
  return list.flatMap((one) => {
    if (!(one instanceof Optional)) throw new EvaluationError("no such overload");
    return one.value === undefined ? [] : [one.value];
  });
}

export const optionalFunctions = overloads({
  '"optional.of"(T): optional<T>': (value: Value) => new Optional(value),
  '"optional.ofNonZeroValue"(T): optional<T>': (value: Value) => isZero(value) ? Optional.none : new Optional(value),
  '"optional.none"(): optional<T>': () => Optional.none,
  '"optional.unwrap"(list<optional<T>>): list<T>': present,
  "list<optional<T>>.unwrapOpt(): list<T>": present,
  "optional<T>.hasValue(): bool": ({ value }: Optional) => value !== undefined,
  "optional<T>.value(): T": valueOf,
  "optional<T>.or(optional<T>): optional<T>": (a: Optional, b: Optional) => a.value === undefined ? b : a,
  "optional<T>.orValue(T): T": ({ value }: Optional, other: Value) => value ?? (value === null ? null : other),
});
