/** `"%s is %d".format([name, count])`. Source: CEL strings extension, "Format". */
import type { Budget } from "../budget.ts";
import { numberIn, typeNameOf } from "../compare.ts";
import { EvaluationError } from "../issue.ts";
import { Duration, MapValue, ObjectValue, Timestamp, TypeValue, Uint, type Value } from "../value.ts";
import { viewOf } from "../value.ts";

const clause = /%(?:%|(?:\.(\d{1,3}))?([a-zA-Z]))/g;

export function formatted(pattern: string, args: readonly Value[], budget: Budget): string {
  let used = 0;
  budget.spendText(pattern.length);
  return pattern.replace(clause, (whole, precision: string | undefined, verb: string) => {
    if (whole === "%%") return "%";
    if (used >= args.length) throw new EvaluationError(`index ${used} out of range`);
    const text = shown(verb, args[used++]!, precision === undefined ? undefined : Number(precision), budget);
    budget.spendText(text.length);
    return text;
  });
}

function shown(verb: string, value: Value, precision: number | undefined, budget: Budget): string {
  if (verb === "s") return textOf(value, budget);
  const format = verbs[verb];
  if (!format) throw new EvaluationError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  return format(value, precision);
}

function integer(value: Value, verb: string): bigint {
  const number = numberIn(value);
  if (typeof number === "bigint") return number;
  throw wrongType(verb, value);
}

function real(value: Value, verb: string): number {
  const number = numberIn(value);
  if (number !== undefined) return Number(number);
  throw wrongType(verb, value);
}

function wrongType(verb: string, value: Value): EvaluationError {
  return new EvaluationError(`error during formatting: %${verb} clause cannot be used on ${typeNameOf(value)}`);
}

function based(base: number, verb: string) {
  return (value: Value) => integer(typeof value === "boolean" ? BigInt(value) : value, verb).toString(base);
}

function hexadecimal(value: Value): string {
  if (typeof value === "string") return hexadecimal(new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return [...value].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return integer(value, "x").toString(16);
}

const verbs: Readonly<Record<string, (value: Value, precision?: number) => string>> = {
  d: (value) => typeof value === "number" && !Number.isInteger(value) ? String(value) : String(numberOrFail(value)),
  f: (value, precision = 6) => real(value, "f").toFixed(Math.min(precision, 100)),
  e: (value, precision = 6) =>
    real(value, "e").toExponential(Math.min(precision, 100)).replace(/e([+-])(\d)$/, "e$10$2"),
  b: based(2, "b"),
  o: based(8, "o"),
  x: hexadecimal,
  X: (value) => hexadecimal(value).toUpperCase(),
};

function numberOrFail(value: Value): bigint | number {
  const number = numberIn(value);
  if (number === undefined) throw wrongType("d", value);
  return number;
}

function textOf(value: Value, budget: Budget): string {
  budget.spend(1);
  if (typeof value === "string") return value;
  if (value === null) return "null";
  if (typeof value !== "object") return String(value);
  if (value instanceof Timestamp || value instanceof Duration) return value.toString();
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (value instanceof TypeValue) return value.name;
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map((item) => textOf(item, budget)).join(", ")}]`;
  if (value instanceof ObjectValue) return textOf(viewOf(value.json, { kind: "plain", name: "dyn" }), budget);
  if (value instanceof MapValue) {
    const entries = value.entries().map(([key, inner]) => `${textOf(key, budget)}: ${textOf(inner, budget)}`);
    return `{${entries.sort().join(", ")}}`;
  }
  throw wrongType("s", value);
}
