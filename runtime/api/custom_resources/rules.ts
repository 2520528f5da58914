/**
 * `x-kubernetes-validations`: rules in CEL about one value, and about how it may change (those that name `oldSelf`).
 * Source: KEP-2876, KEP-4008 for optionalOldSelf.
 */
import { type FieldError, fieldPath as joinSteps, shown } from "../../schema/mod.ts";
import {
  bool,
  type Budget,
  type CelType,
  compile,
  CostError,
  EvaluationError,
  Optional,
  optionalOf,
  type Program,
  string,
  type Value,
  type Variables,
  viewOf,
} from "../../cel/mod.ts";
import { expressionType } from "./expression_type.ts";
import type { JsonSchema, ValidationRule } from "./json_schema.ts";
import type { Place } from "./place.ts";

export interface RuleCheck {
  /** It speaks of what the value was. */
  readonly transition: boolean;
  check(place: Place, budget: Budget): FieldError | undefined;
}

/** Throws CompileError; definitions are checked before they are stored. */
export function compileRules(schema: JsonSchema, root: boolean): readonly RuleCheck[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  return rules.map((rule) => ruleCheck(rule, schema, expressionType(schema, root)));
}

export interface RulePrograms {
  readonly rule: Program;
  readonly message?: Program;
}

/** Throws CompileError. */
export function compileRule(rule: ValidationRule, type: CelType): RulePrograms {
  const variables = { self: type, oldSelf: rule.optionalOldSelf ? optionalOf(type) : type };
  const message = rule.messageExpression;
  return {
    rule: compile(rule.rule, { variables, result: [bool] }),
    message: message ? compile(message, { variables, result: [string] }) : undefined,
  };
}

function ruleCheck(rule: ValidationRule, schema: JsonSchema, type: CelType): RuleCheck {
  const programs = compileRule(rule, type);
  const transition = programs.rule.names.has("oldSelf");
  return {
    transition,
    check(place, budget) {
      if (transition && !rule.optionalOldSelf && place.old === undefined) return undefined;
      const variables = valuesOf(place, type, rule.optionalOldSelf ?? false);
      const found = outcome(programs, rule, variables, budget);
      return found && faultOf(rule, place, found, schema.type ?? "object");
    },
  };
}

function valuesOf({ value, old }: Place, type: CelType, optional: boolean): Variables {
  const self = viewOf(value, type);
  const before = old === undefined || old === null ? undefined : viewOf(old, type);
  const oldSelf: Value | undefined = !optional ? before : before === undefined ? Optional.none : new Optional(before);
  return (name) => name === "self" ? self : name === "oldSelf" ? oldSelf : undefined;
}

interface Finding {
  readonly words: string;
  /** The rule could not be asked to its end. */
  readonly unasked?: boolean;
}

/** `undefined`: the rule holds. */
function outcome(
  { rule, message }: RulePrograms,
  declared: ValidationRule,
  variables: Variables,
  budget: Budget,
): Finding | undefined {
  try {
    if (rule.run(variables, budget.forExpression()) === true) return undefined;
  } catch (error) {
    return { words: failureWords(error, declared, budget), unasked: true };
  }
  const said = declared.message?.trim() || `failed rule: ${declared.rule.trim()}`;
  return { words: spoken(message, variables, budget) ?? said };
}

function failureWords(error: unknown, { rule }: ValidationRule, budget: Budget): string {
  if (error instanceof EvaluationError) return `${error.message} evaluating rule: ${rule}`;
  if (!(error instanceof CostError)) throw error;
  if (budget.exhausted) {
    return "validation failed due to running out of cost budget, no further validation rules will be run";
  }
  return `no further validation rules will be run due to call cost exceeds limit for rule: ${rule}`;
}

const longestMessage = 5 * 1024;

/** A message that cannot be made, is empty or has line breaks is as good as none. */
function spoken(message: Program | undefined, variables: Variables, budget: Budget): string | undefined {
  if (!message) return undefined;
  try {
    const text = String(message.run(variables, budget.forExpression())).trim();
    return text === "" || text.includes("\n") || text.length > longestMessage ? undefined : text;
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof CostError) return undefined;
    throw error;
  }
}

const prefixes: Readonly<Record<string, string>> = {
  FieldValueRequired: "Required value: ",
  FieldValueForbidden: "Forbidden: ",
};

/** A value is told where it is a single one, and its type where the rule could not be asked. */
function faultOf(
  { reason = "FieldValueInvalid", fieldPath }: ValidationRule,
  { path, value }: Place,
  { words, unasked }: Finding,
  type: string,
): FieldError {
  const told = unasked ? `"${type}"` : typeof value === "object" ? undefined : shown(value);
  const steps = fieldPath ? pathSteps(fieldPath) : [];
  const field = joinSteps([...path === "" ? [] : [path], ...steps]);
  const head = prefixes[reason] ?? `Invalid value: ${told === undefined ? "" : `${told}: `}`;
  const duplicate = `Duplicate value${told === undefined ? "" : `: ${told}`}`;
  const message = reason === "FieldValueDuplicate" ? duplicate : head + words;
  return { reason: reason as FieldError["reason"], field, message };
}

/** `.spec.a` and `.spec['a.b']`. */
export function pathSteps(path: string): string[] {
  return [...path.matchAll(/\.([^.[\]]+)|\['([^']+)'\]/g)].map(([, dotted, quoted]) => (dotted ?? quoted)!);
}
