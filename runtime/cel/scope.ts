/** Names and what they stand for, the innermost first; and what a test of a value comes to. */
import { EvaluationError } from "./issue.ts";
import type { Value } from "./value.ts";

export interface Scope {
  lookup(name: string): Value | undefined;
}

export function within(scope: Scope, name: string, value: Value): Scope {
  return { lookup: (wanted) => wanted === name ? value : scope.lookup(wanted) };
}

export function truth(value: Value): boolean {
  if (typeof value === "boolean") return value;
  throw new EvaluationError("no such overload");
}

/** A failure as a value; whatever else ends an evaluation (its budget) goes on. */
export function attempt<T>(work: () => T): T | EvaluationError {
  try {
    return work();
  } catch (error) {
    if (error instanceof EvaluationError) return error;
    throw error;
  }
}
