/**
 * What a schema asks of one value by itself: bounds, lengths, patterns, formats, enumerations. Each rule answers with a
 * fault in the words of upstream's OpenAPI validation, or with nothing.
 */
import { type FieldError, notSupported, sameJson, shown, tooLong } from "../../schema/mod.ts";
import { pattern } from "../../cel/mod.ts";
import { formatFault } from "./formats.ts";
import type { JsonSchema } from "./json_schema.ts";

/** `path`: of the value, such as `spec.items[0]`; empty at the root. */
export type ValueRule = (value: unknown, path: string) => FieldError | undefined;

/** The body's own name where the root is meant. */
export function inBody(path: string): string {
  return path === "" ? "" : `${path} in body `;
}

function fault(path: string, value: unknown, detail: string): FieldError {
  return {
    reason: "FieldValueInvalid",
    field: path,
    message: `Invalid value: ${shown(value)}: ${inBody(path)}${detail}`,
  };
}

type Maker = (schema: JsonSchema) => ValueRule | undefined;

function onNumber(bad: (value: number) => boolean, detail: string): ValueRule {
  return (value, path) => typeof value === "number" && bad(value) ? fault(path, value, detail) : undefined;
}

const minimum: Maker = ({ minimum: limit, exclusiveMinimum }) => {
  if (limit === undefined) return undefined;
  if (exclusiveMinimum) return onNumber((value) => value <= limit, `should be greater than ${limit}`);
  return onNumber((value) => value < limit, `should be greater than or equal to ${limit}`);
};

const maximum: Maker = ({ maximum: limit, exclusiveMaximum }) => {
  if (limit === undefined) return undefined;
  if (exclusiveMaximum) return onNumber((value) => value >= limit, `should be less than ${limit}`);
  return onNumber((value) => value > limit, `should be less than or equal to ${limit}`);
};

const multipleOf: Maker = ({ multipleOf: step }) => {
  if (!step) return undefined;
  const whole = (value: number) => Math.abs(value / step - Math.round(value / step)) < 1e-9;
  return onNumber((value) => !whole(value), `should be a multiple of ${step}`);
};

/** In code points. */
function lengthOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

const minLength: Maker = ({ minLength: least }) => {
  if (least === undefined) return undefined;
  return (value, path) =>
    typeof value === "string" && lengthOf(value) < least
      ? fault(path, value, `should be at least ${least} chars long`)
      : undefined;
};

const maxLength: Maker = ({ maxLength: most }) => {
  if (most === undefined) return undefined;
  return (value, path) => typeof value === "string" && lengthOf(value) > most ? tooLong(path, most) : undefined;
};

const matching: Maker = ({ pattern: expression }) => {
  if (!expression) return undefined;
  const found = pattern(expression);
  return (value, path) =>
    typeof value === "string" && !found.matcher(value).find()
      ? fault(path, value, `should match '${expression}'`)
      : undefined;
};

const format: Maker = ({ format: name, type }) => {
  if (!name || type && type !== "string") return undefined;
  return (value, path) =>
    typeof value === "string" && formatFault(name, value)
      ? { ...fault(path, value, `must be of type ${name}: ${JSON.stringify(value)}`), reason: "FieldValueTypeInvalid" }
      : undefined;
};

const enumeration: Maker = ({ enum: values }) => {
  if (!values) return undefined;
  const words = values.map((value) => typeof value === "string" ? value : JSON.stringify(value));
  return (value, path) => values.some((one) => sameJson(one, value)) ? undefined : notSupported(path, value, words);
};

function sizeOf(value: unknown, list: boolean): number | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value) !== list) return undefined;
  return list ? (value as unknown[]).length : Object.keys(value).length;
}

function atLeast(limit: number | undefined, list: boolean, what: string): ValueRule | undefined {
  if (limit === undefined) return undefined;
  return (value, path) => {
    const size = sizeOf(value, list);
    return size !== undefined && size < limit ? fault(path, size, `should have at least ${limit} ${what}`) : undefined;
  };
}

function atMost(limit: number | undefined, list: boolean): ValueRule | undefined {
  if (limit === undefined) return undefined;
  return (value, path) => {
    const size = sizeOf(value, list);
    if (size === undefined || size <= limit) return undefined;
    const message = `Too many: ${size}: must have at most ${limit} items`;
    return { reason: "FieldValueTooMany", field: path, message };
  };
}

const makers: readonly Maker[] = [
  enumeration,
  minimum,
  maximum,
  multipleOf,
  minLength,
  maxLength,
  matching,
  format,
  ({ minItems }) => atLeast(minItems, true, "items"),
  ({ maxItems }) => atMost(maxItems, true),
  ({ minProperties }) => atLeast(minProperties, false, "properties"),
  ({ maxProperties }) => atMost(maxProperties, false),
];

/** Those that the schema has. Throws EvaluationError for a pattern that is none. */
export function valueRules(schema: JsonSchema): readonly ValueRule[] {
  return makers.map((make) => make(schema)).filter((rule) => rule !== undefined);
}
