/** Equality and order of values, and the name of a value's type. */
import type { Budget } from "./budget.ts";
import { EvaluationError } from "./issue.ts";
import { Duration, MapValue, ObjectValue, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from "./value.ts";

/** As cel-go names it. */
export function typeNameOf(value: Value): string {
  if (value === null) return "null_type";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "double";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (value instanceof Opaque) return value.typeName;
  for (const [kind, name] of classes) if (value instanceof kind) return name;
  return Array.isArray(value) ? "list" : "map";
}

const classes = [
  [Uint8Array, "bytes"],
  [Uint, "uint"],
  [Timestamp, "google.protobuf.Timestamp"],
  [Duration, "google.protobuf.Duration"],
  [Optional, "optional_type"],
  [TypeValue, "type"],
] as const;

/** Numbers are equal by amount, whatever their types; values of different types are not equal. */
export function sameValue(a: Value, b: Value, budget: Budget): boolean {
  budget.spend(1);
  if (a === b) return true;
  if (typeof a === "string" && typeof b === "string") {
    budget.spendText(Math.min(a.length, b.length));
    return false;
  }
  const [left, right] = [numberIn(a), numberIn(b)];
  if (left !== undefined && right !== undefined) return left == right;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return sameObjects(a, b, budget);
}

function sameObjects(a: Value & object, b: Value & object, budget: Budget): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && sameLists(a, b, budget);
  if (a instanceof MapValue && b instanceof MapValue) return sameMaps(a, b, budget);
  if (a instanceof ObjectValue && b instanceof ObjectValue) return sameJsonObjects(a, b, budget);
  if (a instanceof Timestamp && b instanceof Timestamp) return a.nanos === b.nanos;
  if (a instanceof Duration && b instanceof Duration) return a.nanos === b.nanos;
  if (a instanceof TypeValue && b instanceof TypeValue) return a.name === b.name;
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    return sameLists([...a].map(BigInt), [...b].map(BigInt), budget);
  }
  if (a instanceof Opaque && b instanceof Opaque) return a.typeName === b.typeName && a.equals(b);
  if (!(a instanceof Optional) || !(b instanceof Optional)) return false;
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return sameValue(a.value, b.value, budget);
}

function sameLists(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  return a.length === b.length && a.every((item, i) => sameValue(item, b[i]!, budget));
}

function sameMaps(a: MapValue, b: MapValue, budget: Budget): boolean {
  if (a.size !== b.size) return false;
  return a.entries().every(([key, value]) => {
    const other = b.get(key);
    return other !== undefined && sameValue(value, other, budget);
  });
}

function sameJsonObjects(a: ObjectValue, b: ObjectValue, budget: Budget): boolean {
  return sameJsonValues(a.json, b.json, budget);
}

function sameJsonValues(a: unknown, b: unknown, budget: Budget): boolean {
  budget.spend(1);
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  if (Array.isArray(a) !== Array.isArray(b) || keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && sameJsonValues(left[key], right[key], budget));
}

/** The amount of a number of any type. */
export function numberIn(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value;
  return value instanceof Uint ? value.value : undefined;
}

/** Below zero, zero or above. Throws EvaluationError where the two have no order. */
export function compareValues(a: Value, b: Value, budget: Budget): number {
  budget.spend(1);
  const [left, right] = [orderedIn(a, budget), orderedIn(b, budget)];
  const comparable = left !== undefined && right !== undefined && sameOrder(a, b);
  if (!comparable) throw new EvaluationError("no such overload");
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

function sameOrder(a: Value, b: Value): boolean {
  return numberIn(a) !== undefined && numberIn(b) !== undefined || typeNameOf(a) === typeNameOf(b);
}

/** Texts are ordered by code points, which for JavaScript's units differs only above the basic plane. */
function orderedIn(value: Value, budget: Budget): bigint | number | string | boolean | undefined {
  if (typeof value === "string") {
    budget.spendText(value.length);
    return value;
  }
  if (typeof value === "boolean") return value;
  if (value instanceof Timestamp || value instanceof Duration) return value.nanos;
  if (value instanceof Uint8Array) return String.fromCharCode(...value);
  return numberIn(value);
}
