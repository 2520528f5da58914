/** From values back to JSON, for messages' arguments, patches and parameters. */
import type { Budget } from "./budget.ts";
import { EvaluationError } from "./issue.ts";
import { Duration, MapValue, ObjectValue, Optional, Timestamp, Uint, type Value } from "./value.ts";

type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

/** A list may hold one value many times, so this costs too. Throws EvaluationError for what JSON cannot carry. */
export function jsonOf(value: Value, budget: Budget): Json {
  budget.spend(1);
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number") {
    return value;
  }
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (value instanceof Timestamp || value instanceof Duration) return value.toString();
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  if (Array.isArray(value)) return (value as readonly Value[]).map((item) => jsonOf(item, budget));
  if (value instanceof ObjectValue) return structuredClone(value.json) as Json;
  if (value instanceof MapValue) {
    return Object.fromEntries(value.entries().map(([key, inner]) => [String(plainKey(key)), jsonOf(inner, budget)]));
  }
  if (value instanceof Optional && value.value !== undefined) return jsonOf(value.value, budget);
  throw new EvaluationError("unsupported conversion to JSON");
}

function plainKey(key: Value): unknown {
  return key instanceof Uint ? key.value : key;
}
