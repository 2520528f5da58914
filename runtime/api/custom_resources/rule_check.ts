/** The rules of a definition's schema, checked before they are stored: they compile, and what they need is there. */
import { type FieldError, goPrinted, invalidValue, notSupported, required, ruleShape } from "../../schema/mod.ts";
import { bool, type CelType, compile, CompileError, optionalOf, ResultTypeError, string } from "../../cel/mod.ts";
import { expressionType } from "./expression_type.ts";
import type { JsonSchema, ValidationRule } from "./json_schema.ts";
import { pathSteps } from "./rules.ts";

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/** `uncorrelated`: the list whose items have no counterpart in an older object, so that they cannot be compared with it. */
export function ruleFaults(schema: JsonSchema, path: string, uncorrelated?: string, root = true): FieldError[] {
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule, i) =>
    faultsOf(rule, schema, { path: `${path}.x-kubernetes-validations[${i}]`, uncorrelated, root })
  );
  const { properties = {}, items, additionalProperties: more } = schema;
  const keyed = schema["x-kubernetes-list-type"] === "map";
  return [
    ...own,
    ...Object.entries(properties).flatMap(([name, inner]) =>
      ruleFaults(inner, `${path}.properties[${name}]`, uncorrelated, false)
    ),
    ...items ? ruleFaults(items, `${path}.items`, uncorrelated ?? (keyed ? undefined : path), false) : [],
    ...more && more !== true ? ruleFaults(more, `${path}.additionalProperties`, uncorrelated, false) : [],
  ];
}

interface Spot {
  readonly path: string;
  readonly uncorrelated: string | undefined;
  readonly root: boolean;
}

function faultsOf(rule: ValidationRule, schema: JsonSchema, { path, uncorrelated, root }: Spot): FieldError[] {
  if (!rule.rule?.trim()) return [required(`${path}.rule`, "rule is not specified")];
  const faults: FieldError[] = [];
  const { message, reason, fieldPath } = rule;
  if (message !== undefined && message.trim() === "" && message !== "") {
    faults.push(invalidValue(`${path}.message`, message, "must be non-empty if specified"));
  } else if (message?.trim().includes("\n")) {
    faults.push(invalidValue(`${path}.message`, message, "must not contain line breaks"));
  } else if (rule.rule.trim().includes("\n") && !message) {
    faults.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  }
  if (reason !== undefined && !reasons.includes(reason)) faults.push(notSupported(`${path}.reason`, reason, reasons));
  if (fieldPath && !hasField(schema, fieldPath)) {
    faults.push(invalidValue(`${path}.fieldPath`, fieldPath, "must be a valid path"));
  }
  return [...faults, ...expressionFaults(rule, expressionType(schema, root), { path, uncorrelated, root })];
}

function hasField(schema: JsonSchema, path: string): boolean {
  if (!/^(\.[A-Za-z_][\w-]*|\['[^']+'\])+$/.test(path)) return false;
  let at: JsonSchema | undefined = schema;
  for (const step of pathSteps(path)) {
    const more: JsonSchema["additionalProperties"] = at?.additionalProperties;
    at = at?.properties?.[step] ?? (typeof more === "object" ? more : undefined);
  }
  return at !== undefined;
}

function expressionFaults(rule: ValidationRule, type: CelType, { path, uncorrelated }: Spot): FieldError[] {
  const variables = { self: type, oldSelf: rule.optionalOldSelf ? optionalOf(type) : type };
  const faults: FieldError[] = [];
  const names = compiled(rule, "rule", { variables, result: [bool] }, path, faults);
  if (names?.has("oldSelf") && uncorrelated !== undefined) {
    const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelated}`;
    faults.push(invalidValue(`${path}.rule`, rule.rule, why));
  }
  if (rule.optionalOldSelf !== undefined && !names?.has("oldSelf")) {
    const why = "may not be set if oldSelf is not used in rule";
    faults.push(invalidValue(`${path}.optionalOldSelf`, rule.optionalOldSelf, why));
  }
  if (rule.messageExpression?.trim()) {
    compiled(rule, "messageExpression", { variables, result: [string] }, path, faults);
  }
  return faults;
}

/** The names that stand in an expression; `undefined`: it does not compile, and `faults` says why. */
function compiled(
  rule: ValidationRule,
  field: "rule" | "messageExpression",
  environment: Parameters<typeof compile>[1],
  path: string,
  faults: FieldError[],
): ReadonlySet<string> | undefined {
  try {
    return compile(rule[field] ?? "", environment).names;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const { mistyped, broken } = failures[field];
    const detail = error instanceof ResultTypeError ? mistyped : `${broken}: ${error.message}`;
    faults.push(invalidValue(`${path}.${field}`, goPrinted(ruleShape, rule), detail));
    return undefined;
  }
}

const failures = {
  rule: { mistyped: "cel expression must evaluate to a bool", broken: "compilation failed" },
  messageExpression: {
    mistyped: "messageExpression must evaluate to a string",
    broken: "messageExpression compilation failed",
  },
};
