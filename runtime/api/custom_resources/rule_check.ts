/** The rules of a definition's schema, checked before they are stored: they compile, and what they need is there. */
import { type FieldError, invalidValue, notSupported, required } from "../../schema/mod.ts";
import { bool, type CelType, compile, CompileError, optionalOf, ResultTypeError, string } from "../../cel/mod.ts";
import { expressionType } from "./expression_type.ts";
import type { JsonSchema, ValidationRule } from "./json_schema.ts";
import { pathSteps } from "./rules.ts";

const reasons = ["FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate"];

/** `correlated`: items that have no counterpart in an older object cannot be compared with it. */
export function ruleFaults(schema: JsonSchema, path: string, correlated = true, root = true): FieldError[] {
  const own = (schema["x-kubernetes-validations"] ?? []).flatMap((rule, i) =>
    faultsOf(rule, schema, { path: `${path}.x-kubernetes-validations[${i}]`, correlated, root })
  );
  const { properties = {}, items, additionalProperties: more } = schema;
  const keyed = schema["x-kubernetes-list-type"] === "map";
  return [
    ...own,
    ...Object.entries(properties).flatMap(([name, inner]) =>
      ruleFaults(inner, `${path}.properties[${name}]`, correlated, false)
    ),
    ...items ? ruleFaults(items, `${path}.items`, correlated && keyed, false) : [],
    ...more && more !== true ? ruleFaults(more, `${path}.additionalProperties`, correlated, false) : [],
  ];
}

interface Spot {
  readonly path: string;
  readonly correlated: boolean;
  readonly root: boolean;
}

function faultsOf(rule: ValidationRule, schema: JsonSchema, { path, correlated, root }: Spot): FieldError[] {
  if (!rule.rule?.trim()) return [required(`${path}.rule`, "rule is not specified")];
  const faults: FieldError[] = [];
  const { message, reason, fieldPath } = rule;
  if (message !== undefined && message.trim() === "" && message !== "") {
    faults.push(invalidValue(`${path}.message`, message, "message must be non-empty if specified"));
  } else if (message?.trim().includes("\n")) {
    faults.push(invalidValue(`${path}.message`, message, "message must not contain line breaks"));
  } else if (rule.rule.trim().includes("\n") && !message) {
    faults.push(required(`${path}.message`, "message must be specified if rule contains line breaks"));
  }
  if (reason && !reasons.includes(reason)) faults.push(notSupported(`${path}.reason`, reason, reasons));
  if (fieldPath && !hasField(schema, fieldPath)) {
    faults.push(invalidValue(`${path}.fieldPath`, fieldPath, "fieldPath must be a valid path"));
  }
  return [...faults, ...expressionFaults(rule, expressionType(schema, root), { path, correlated, root })];
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

function expressionFaults(rule: ValidationRule, type: CelType, { path, correlated }: Spot): FieldError[] {
  const variables = { self: type, oldSelf: rule.optionalOldSelf ? optionalOf(type) : type };
  const faults: FieldError[] = [];
  const names = compiled(rule.rule, { variables, result: [bool] }, `${path}.rule`, faults);
  if (names?.has("oldSelf") && !correlated) {
    const why =
      "oldSelf cannot be used on the uncorrelatable portion of the schema within a list that is atomic or a set";
    faults.push(invalidValue(`${path}.rule`, rule.rule, why));
  }
  if (rule.optionalOldSelf !== undefined && names && !names.has("oldSelf")) {
    const why = "may not be set if oldSelf is not used in rule";
    faults.push(invalidValue(`${path}.optionalOldSelf`, rule.optionalOldSelf, why));
  }
  if (rule.messageExpression !== undefined) {
    if (rule.messageExpression.trim() === "") {
      faults.push(required(`${path}.messageExpression`, "must be non-empty if specified"));
    } else compiled(rule.messageExpression, { variables, result: [string] }, `${path}.messageExpression`, faults);
  }
  return faults;
}

/** The names that stand in an expression; `undefined`: it does not compile, and `faults` says why. */
function compiled(
  text: string,
  environment: Parameters<typeof compile>[1],
  path: string,
  faults: FieldError[],
): ReadonlySet<string> | undefined {
  try {
    return compile(text, environment).names;
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const mistyped = error instanceof ResultTypeError;
    const wanted = path.endsWith("messageExpression")
      ? "messageExpression must evaluate to a string"
      : "cel expression must evaluate to a bool";
    const detail = mistyped ? wanted : `compilation failed: ${error.message}`;
    faults.push(invalidValue(path, text, detail));
    return undefined;
  }
}
