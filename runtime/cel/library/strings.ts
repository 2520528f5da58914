/** Texts: CEL's own methods and its strings extension (version 2), with indices in code points. */
import type { Budget } from "../budget.ts";
import { EvaluationError } from "../issue.ts";
import { overloads } from "../overload.ts";
import { formatted } from "./format.ts";
import type { Value } from "../value.ts";

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const isAscii = /^[\x00-\x7f]*$/;

/** Spends for reading all of them. */
function paid(budget: Budget, ...texts: string[]): void {
  budget.spendText(texts.reduce((sum, { length }) => sum + length, 0));
}

function points(text: string): readonly string[] | string {
  return isAscii.test(text) ? text : [...text];
}

function joinedPoints(part: readonly string[] | string): string {
  return typeof part === "string" ? part : part.join("");
}

function charAt(text: string, at: bigint, budget: Budget): string {
  paid(budget, text);
  const all = points(text);
  if (at < 0n || at > BigInt(all.length)) throw new EvaluationError(`index out of range: ${at}`);
  return all[Number(at)] ?? "";
}

function substring(text: string, from: bigint, to: bigint | undefined, budget: Budget): string {
  paid(budget, text);
  const all = points(text);
  const end = to ?? BigInt(all.length);
  if (from < 0n || from > BigInt(all.length)) throw new EvaluationError(`index out of range: ${from}`);
  if (end < 0n || end > BigInt(all.length)) throw new EvaluationError(`index out of range: ${end}`);
  if (from > end) throw new EvaluationError(`invalid substring range. start: ${from}, end: ${end}`);
  return joinedPoints(all.slice(Number(from), Number(end)));
}

/** From an index in units to one in code points. */
function pointIndex(text: string, unit: number): bigint {
  return unit < 0 || isAscii.test(text) ? BigInt(unit) : BigInt([...text.slice(0, unit)].length);
}

function unitIndex(text: string, point: bigint): number {
  const all = points(text);
  if (point < 0n || point > BigInt(all.length)) throw new EvaluationError(`index out of range: ${point}`);
  return joinedPoints(all.slice(0, Number(point))).length;
}

function indexOf(text: string, part: string, from: bigint, budget: Budget): bigint {
  searched(text, part, budget);
  return pointIndex(text, text.indexOf(part, unitIndex(text, from)));
}

function lastIndexOf(text: string, part: string, from: bigint | undefined, budget: Budget): bigint {
  searched(text, part, budget);
  return pointIndex(text, text.lastIndexOf(part, from === undefined ? Infinity : unitIndex(text, from)));
}

/** Searching may compare at every place. */
function searched(text: string, part: string, budget: Budget): void {
  budget.spend(1 + text.length * 0.1 * Math.max(1, part.length * 0.1));
}

function replaced(text: string, old: string, by: string, limit: bigint, budget: Budget): string {
  searched(text, old, budget);
  const parts = text.split(old);
  const count = limit < 0n ? parts.length - 1 : Math.min(parts.length - 1, Number(limit));
  budget.spendText(text.length + count * by.length);
  return parts.slice(0, count + 1).join(by) + parts.slice(count + 1).map((part) => old + part).join("");
}

function split(text: string, separator: string, limit: bigint, budget: Budget): Value {
  searched(text, separator, budget);
  if (limit === 0n) return [];
  const parts = separator === "" ? [...text] : text.split(separator);
  budget.spend(parts.length);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = parts.slice(0, Number(limit) - 1);
  return [...kept, parts.slice(Number(limit) - 1).join(separator)];
}

function join(parts: readonly Value[], separator: string, budget: Budget): string {
  let length = 0;
  for (const part of parts) {
    if (typeof part !== "string") throw new EvaluationError("no such overload");
    length += part.length + separator.length;
  }
  budget.spendText(length);
  return parts.join(separator);
}

/** Changes letters of ASCII only, as CEL does. */
function cased(pattern: RegExp, change: (text: string) => string) {
  return (text: string, budget: Budget) => {
    paid(budget, text);
    return text.replace(pattern, change);
  };
}

function tested(test: (text: string, part: string) => boolean) {
  return (text: string, part: string, budget: Budget) => {
    searched(text, part, budget);
    return test(text, part);
  };
}

const quoted: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(text: string, budget: Budget): string {
  paid(budget, text);
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  return `"${text.replace(/[\x07\b\f\n\r\t\v\\"]/g, (char) => quoted[char]!)}"`;
}

export const stringFunctions = overloads({
  "string.contains(string): bool": tested((text, part) => text.includes(part)),
  "string.startsWith(string): bool": tested((text, part) => text.startsWith(part)),
  "string.endsWith(string): bool": tested((text, part) => text.endsWith(part)),
  "string.charAt(int): string": charAt,
  "string.indexOf(string): int": (text: string, part: string, budget: Budget) => indexOf(text, part, 0n, budget),
  "string.indexOf(string, int): int": indexOf,
  "string.lastIndexOf(string): int": (text: string, part: string, budget: Budget) =>
    lastIndexOf(text, part, undefined, budget),
  "string.lastIndexOf(string, int): int": lastIndexOf,
  "string.lowerAscii(): string": cased(/[A-Z]+/g, (text) => text.toLowerCase()),
  "string.upperAscii(): string": cased(/[a-z]+/g, (text) => text.toUpperCase()),
  "string.replace(string, string): string": (text: string, old: string, by: string, budget: Budget) =>
    replaced(text, old, by, -1n, budget),
  "string.replace(string, string, int): string": replaced,
  "string.split(string): list<string>": (text: string, by: string, budget: Budget) => split(text, by, -1n, budget),
  "string.split(string, int): list<string>": split,
  "string.substring(int): string": (text: string, from: bigint, budget: Budget) =>
    substring(text, from, undefined, budget),
  "string.substring(int, int): string": substring,
  "string.trim(): string": (text: string, budget: Budget) => {
    paid(budget, text);
    return text.trim();
  },
  "string.reverse(): string": (text: string, budget: Budget) => {
    paid(budget, text);
    return [...text].reverse().join("");
  },
  "string.format(list<dyn>): string": formatted,
  "list<string>.join(): string": (parts: readonly Value[], budget: Budget) => join(parts, "", budget),
  "list<string>.join(string): string": join,
  '"strings.quote"(string): string': quote,
});
