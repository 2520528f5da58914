/** The match conditions of webhook authorizers: CEL over the SubjectAccessReview that would be sent. */
import {
  bool,
  Budget,
  type CelType,
  compile,
  CompileError,
  declaredField,
  listOf,
  mapOf,
  type ObjectType,
  type Program,
  requestLimit,
  string,
  viewOf,
} from "../../cel/mod.ts";

function record(name: string, fields: Readonly<Record<string, CelType>>): ObjectType {
  const find = (property: string) => Object.hasOwn(fields, property) ? fields[property] : undefined;
  return { kind: "object", name, field: (wanted) => declaredField(wanted, find) };
}

const requirement = record("kubernetes.SelectorRequirement", { key: string, operator: string, values: listOf(string) });
const selector = (name: string) => record(name, { rawSelector: string, requirements: listOf(requirement) });
const words = ["namespace", "verb", "group", "version", "resource", "subresource", "name"];

const reviewType = record("kubernetes.SubjectAccessReviewSpec", {
  resourceAttributes: record("kubernetes.ResourceAttributes", {
    ...Object.fromEntries(words.map((word) => [word, string])),
    fieldSelector: selector("kubernetes.FieldSelectorAttributes"),
    labelSelector: selector("kubernetes.LabelSelectorAttributes"),
  }),
  nonResourceAttributes: record("kubernetes.NonResourceAttributes", { path: string, verb: string }),
  user: string,
  groups: listOf(string),
  extra: mapOf(string, listOf(string)),
  uid: string,
});

function program(expression: string): Program {
  return compile(expression, { variables: { request: reviewType } });
}

/** Why an expression cannot be used, in upstream's words. */
export function conditionFault(expression: string): string | undefined {
  try {
    const { type } = program(expression);
    if (type === bool) return undefined;
    return `must evaluate to bool but got ${type.kind === "plain" ? type.name : type.kind}`;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return `compilation failed: ${error.message}`;
  }
}

/** One that does not hold decides, whatever others come to; only then does one that cannot be evaluated count: it throws. */
export function conditionsOver(expressions: readonly string[]): (spec: object) => boolean {
  const programs = expressions.map(program);
  return (spec) => {
    const request = viewOf(spec, reviewType);
    const budget = new Budget(requestLimit);
    let trouble: unknown;
    for (const one of programs) {
      try {
        if (one.run((name) => name === "request" ? request : undefined, budget.forExpression()) === false) return false;
      } catch (error) {
        trouble ??= error;
      }
    }
    if (trouble) throw trouble;
    return true;
  };
}
