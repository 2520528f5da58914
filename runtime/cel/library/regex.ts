/** Regular expressions in RE2's syntax and in linear time. */
import { RE2JS } from "re2js";
import type { Budget } from "../budget.ts";
import { EvaluationError } from "../issue.ts";
import { overloads } from "../overload.ts";

const compiled = new Map<string, RE2JS>();
const mostCompiled = 512;
/** RE2 refuses what grows too large; what is left is bounded by the length of the pattern. */
const longestPattern = 4096;

/** Kept for later calls. Throws EvaluationError. */
export function pattern(text: string): RE2JS {
  const known = compiled.get(text);
  if (known) return known;
  const made = compilePattern(text);
  if (compiled.size >= mostCompiled) compiled.delete(compiled.keys().next().value!);
  compiled.set(text, made);
  return made;
}

function compilePattern(text: string): RE2JS {
  if (text.length > longestPattern) throw new EvaluationError(`error parsing regexp: expression is too large`);
  try {
    return RE2JS.compile(text);
  } catch (error) {
    throw new EvaluationError(
      `error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, "")}`,
    );
  }
}

/** In proportion to the product of both lengths, as matching is. */
function paid(text: string, expression: string, budget: Budget): RE2JS {
  budget.spend((1 + text.length * 0.1) * Math.max(1, expression.length * 0.25));
  return pattern(expression);
}

function find(text: string, expression: string, budget: Budget): string {
  const matcher = paid(text, expression, budget).matcher(text);
  return matcher.find() ? matcher.group() ?? "" : "";
}

function findAll(text: string, expression: string, limit: bigint, budget: Budget): string[] {
  const matcher = paid(text, expression, budget).matcher(text);
  const found: string[] = [];
  while ((limit < 0n || found.length < Number(limit)) && matcher.find()) {
    budget.spend(1);
    found.push(matcher.group() ?? "");
  }
  return found;
}

export const regexFunctions = overloads({
  "string.matches(string): bool": (text: string, expression: string, budget: Budget) =>
    paid(text, expression, budget).matcher(text).find(),
  "matches(string, string): bool": (text: string, expression: string, budget: Budget) =>
    paid(text, expression, budget).matcher(text).find(),
  "string.find(string): string": find,
  "string.findAll(string): list<string>": (text: string, expression: string, budget: Budget) =>
    findAll(text, expression, -1n, budget),
  "string.findAll(string, int): list<string>": findAll,
});
