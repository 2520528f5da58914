/** Arithmetic, order and indexing, by what the values are. Overflow and division by zero are errors, as in CEL. */
import type { Budget } from "./budget.ts";
import { compareValues, numberIn, sameValue, typeNameOf } from "./compare.ts";
import { EvaluationError } from "./issue.ts";
import { Duration, MapValue, ObjectValue, Optional, Timestamp, Uint, type Value } from "./value.ts";

export type Operator = (a: Value, b: Value, budget: Budget) => Value;

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;

/** Throws EvaluationError when it does not fit. */
export function checkedInt(value: bigint): bigint {
  if (value < minInt || value > maxInt) throw new EvaluationError("integer overflow");
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (value < 0n || value >= 2n ** 64n) throw new EvaluationError("unsigned integer overflow");
  return new Uint(value);
}

function noOverload(): EvaluationError {
  return new EvaluationError("no such overload");
}

interface Arithmetic {
  readonly whole: (a: bigint, b: bigint) => bigint;
  readonly real?: (a: number, b: number) => number;
}

const nonZero = (b: bigint, trouble: string) => {
  if (b === 0n) throw new EvaluationError(trouble);
  return b;
};

const plus: Arithmetic = { whole: (a, b) => a + b, real: (a, b) => a + b };
const minus: Arithmetic = { whole: (a, b) => a - b, real: (a, b) => a - b };
const times: Arithmetic = { whole: (a, b) => a * b, real: (a, b) => a * b };
const over: Arithmetic = { whole: (a, b) => a / nonZero(b, "division by zero"), real: (a, b) => a / b };
const remainder: Arithmetic = { whole: (a, b) => a % nonZero(b, "modulus by zero") };

function arithmetic({ whole, real }: Arithmetic): Operator {
  return (a, b) => {
    if (typeof a === "bigint" && typeof b === "bigint") return checkedInt(whole(a, b));
    if (typeof a === "number" && typeof b === "number" && real) return real(a, b);
    if (a instanceof Uint && b instanceof Uint) return checkedUint(whole(a.value, b.value));
    throw noOverload();
  };
}

const addNumbers = arithmetic(plus);
const subtractNumbers = arithmetic(minus);

function add(a: Value, b: Value, budget: Budget): Value {
  if (typeof a === "string" && typeof b === "string") {
    budget.spendText(a.length + b.length);
    return a + b;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    budget.spend(a.length + b.length);
    return [...a, ...b] as readonly Value[];
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    budget.spendText(a.length + b.length);
    return Uint8Array.from([...a, ...b]);
  }
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Duration) return new Duration(checkedInt(a.nanos + b.nanos));
  return addNumbers(a, b, budget);
}

function subtract(a: Value, b: Value, budget: Budget): Value {
  if (a instanceof Timestamp && b instanceof Timestamp) return new Duration(checkedInt(a.nanos - b.nanos));
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanos - b.nanos);
  if (a instanceof Duration && b instanceof Duration) return new Duration(checkedInt(a.nanos - b.nanos));
  return subtractNumbers(a, b, budget);
}

function index(container: Value, key: Value): Value {
  const found = valueAt(container, key);
  if (found !== undefined) return found;
  if (Array.isArray(container)) throw new EvaluationError(`index out of bounds: ${numberIn(key)}`);
  throw new EvaluationError(`no such key: ${key instanceof Uint ? key.value : String(key)}`);
}

/** `undefined`: nothing is there. Throws EvaluationError where there can be nothing. */
export function valueAt(container: Value, key: Value): Value | undefined {
  if (Array.isArray(container)) {
    const at = numberIn(key);
    if (at === undefined || !Number.isInteger(Number(at))) throw noOverload();
    return (container as readonly Value[])[Number(at)];
  }
  if (container instanceof MapValue) return container.get(key);
  if (container instanceof ObjectValue && typeof key === "string") return container.get(key);
  throw noOverload();
}

function optionalIndex(container: Value, key: Value): Value {
  const inner = container instanceof Optional ? container.value : container;
  if (inner === undefined) return Optional.none;
  const found = valueAt(inner, key);
  return found === undefined ? Optional.none : new Optional(found);
}

function contains(item: Value, container: Value, budget: Budget): boolean {
  if (Array.isArray(container)) return (container as readonly Value[]).some((one) => sameValue(one, item, budget));
  if (container instanceof MapValue) return container.get(item) !== undefined;
  throw noOverload();
}

function ordered(test: (sign: number) => boolean): Operator {
  return (a, b, budget) => {
    if (Number.isNaN(a) || Number.isNaN(b)) return false;
    return test(compareValues(a, b, budget));
  };
}

/** By the name that the parser gives them. */
export const operators: Readonly<Record<string, Operator>> = {
  "_==_": sameValue,
  "_!=_": (a, b, budget) => !sameValue(a, b, budget),
  "_<_": ordered((sign) => sign < 0),
  "_<=_": ordered((sign) => sign <= 0),
  "_>_": ordered((sign) => sign > 0),
  "_>=_": ordered((sign) => sign >= 0),
  "_+_": add,
  "_-_": subtract,
  "_*_": arithmetic(times),
  "_/_": arithmetic(over),
  "_%_": arithmetic(remainder),
  "_[_]": (container, key) => container instanceof Optional ? optionalIndex(container, key) : index(container, key),
  "_[?_]": optionalIndex,
  "@in": contains,
};

export function negated(value: Value): Value {
  if (typeof value === "bigint") return checkedInt(-value);
  if (typeof value === "number") return -value;
  throw new EvaluationError(`no such overload: -_(${typeNameOf(value)})`);
}
