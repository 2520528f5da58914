/**
 * Checks a custom resource against its version's schema, and what an update has not touched not at all (ratcheting,
 * KEP-4008): an object that was stored before a rule was made stays writable where the rule is not concerned.
 *
 * A schema is compiled when its first object is checked: a thousand definitions that nobody uses cost nothing.
 */
import {
  dns1035Label,
  type FieldError,
  invalidValue,
  type KubeObject,
  required,
  sameJson,
  shown,
} from "../../schema/mod.ts";
import { Budget, requestLimit } from "../../cel/mod.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { Place } from "./place.ts";
import { compileRules, type RuleCheck } from "./rules.ts";
import { inBody, valueRules } from "./value_rules.ts";

interface Walk {
  readonly faults: FieldError[];
  /** To be run where the schema finds nothing that they could stumble over. */
  readonly rules: (() => void)[];
  readonly budget: Budget;
}

type Check = (place: Place, walk: Walk) => void;

export type Validation = (object: KubeObject, old?: KubeObject) => FieldError[];

export function customValidation(schema: JsonSchema): Validation {
  let check: Check | undefined;
  return (object, old) => {
    check ??= compile(schema, true);
    const walk = newWalk();
    check({ value: object, old, path: "", update: old !== undefined }, walk);
    if (!walk.faults.some(({ reason }) => ruinous.has(reason))) return afterRules(walk);
    return hasRules(schema) ? [...walk.faults, rulesNotRun] : walk.faults;
  };
}

/** Rules may rely on what the schema says: where this is wrong, they are not asked. */
const ruinous: ReadonlySet<FieldError["reason"]> = new Set<FieldError["reason"]>([
  ...["FieldValueRequired", "FieldValueTypeInvalid", "FieldValueNotSupported"] as const,
  ...["FieldValueTooLong", "FieldValueTooMany"] as const,
]);

const rulesNotRun: FieldError = {
  reason: "FieldValueInvalid",
  field: "<nil>",
  message: "Invalid value: null: some validation rules were not checked because the object was invalid; " +
    "correct the existing errors to complete validation",
};

function newWalk(): Walk {
  return { faults: [], rules: [], budget: new Budget(requestLimit) };
}

function afterRules({ faults, rules }: Walk): FieldError[] {
  for (const run of rules) run();
  return faults;
}

/** Checks one value outside of an object, such as a default. */
export function valueFaults(schema: JsonSchema, value: unknown, path: string): FieldError[] {
  const walk = newWalk();
  compile(schema, false)({ value, path, update: false }, walk);
  return afterRules(walk);
}

function compile(schema: JsonSchema, root: boolean): Check {
  const type = typeRule(schema);
  const own = valueRules(schema);
  const junctors = junctorChecks(schema);
  const inner = root ? rootProperties(schema) : innerCheck(schema);
  const shape = shapeChecks(schema);
  const rules = compileRules(schema, root);
  return (place, walk) => {
    const { value, old, path } = place;
    if (value === undefined || value === null && schema.nullable) return;
    const untouched = old !== undefined && sameJson(value, old);
    const mistyped = type(value, path);
    if (mistyped) return untouched ? undefined : void walk.faults.push(mistyped);
    if (rules.length > 0) walk.rules.push(() => runRules(rules, place, walk, untouched));
    if (!untouched) {
      for (const rule of own) {
        const found = rule(value, path);
        if (found) walk.faults.push(found);
      }
      for (const junctor of junctors) junctor(place, walk);
      for (const check of shape) check(place, walk);
      inner?.(place, walk);
    } else if (hasTransitions(schema)) inner?.(place, walk);
  };
}

/** Only rules about change look at what did not change by itself. */
function runRules(rules: readonly RuleCheck[], place: Place, { faults, budget }: Walk, untouched: boolean): void {
  for (const rule of rules) {
    if (untouched && !rule.transition) continue;
    if (budget.exhausted) return;
    const found = rule.check(place, budget);
    if (found) faults.push(found);
  }
}

const transitions = new WeakMap<JsonSchema, boolean>();

/** Whether a rule in it speaks of what was. */
function hasTransitions(schema: JsonSchema): boolean {
  const known = transitions.get(schema);
  if (known !== undefined) return known;
  const own = schema["x-kubernetes-validations"]?.some(({ rule }) => rule.includes("oldSelf")) ?? false;
  const found = own || partsOf(schema).some(hasTransitions);
  transitions.set(schema, found);
  return found;
}

function hasRules(schema: JsonSchema): boolean {
  return Boolean(schema["x-kubernetes-validations"]?.length) || partsOf(schema).some(hasRules);
}

function partsOf({ properties = {}, items, additionalProperties: more }: JsonSchema): JsonSchema[] {
  return [...Object.values(properties), ...items ? [items] : [], ...more && more !== true ? [more] : []];
}

function jsonTypeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function typeRule(schema: JsonSchema): (value: unknown, path: string) => FieldError | undefined {
  const wanted = schema["x-kubernetes-int-or-string"] ? ["integer", "string"] : schema.type ? [schema.type] : [];
  return (value, path) => {
    const given = jsonTypeOf(value);
    if (wanted.length === 0 && given !== "null" || wanted.includes(given)) return undefined;
    if (given === "integer" && wanted.includes("number")) return undefined;
    if (wanted.length === 0) return undefined;
    const words = wanted.length > 1 ? wanted.join(",") : wanted[0];
    const message = `Invalid value: ${JSON.stringify(given)}: ${inBody(path)}must be of type ${words}: ${
      JSON.stringify(given)
    }`;
    return { reason: "FieldValueTypeInvalid", field: path, message };
  };
}

/** Every object has these, and the server has checked them. */
const serverFields = new Set(["apiVersion", "kind", "metadata"]);

function rootProperties(schema: JsonSchema): Check | undefined {
  const { metadata, ...properties } = { ...schema.properties };
  for (const name of serverFields) delete properties[name];
  const asked = schema.required?.filter((name) => !serverFields.has(name));
  const named = metadata?.properties && { metadata: { ...metadata, required: undefined } };
  return innerCheck({ ...schema, required: asked, properties: { ...properties, ...named } });
}

function innerCheck(schema: JsonSchema): Check | undefined {
  const parts = [requiredCheck(schema), propertiesCheck(schema), additionalCheck(schema), itemsCheck(schema)]
    .filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : (place, walk) => {
    for (const part of parts) part(place, walk);
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function childPath(path: string, name: string): string {
  if (path === "") return name;
  return `${path}.${name}`;
}

function requiredCheck({ required: names }: JsonSchema): Check | undefined {
  if (!names?.length) return undefined;
  return ({ value, path }, { faults }) => {
    if (!isObject(value)) return;
    for (const name of names) {
      if (value[name] !== undefined) continue;
      faults.push({ reason: "FieldValueRequired", field: childPath(path, name), message: "Required value" });
    }
  };
}

function propertiesCheck({ properties }: JsonSchema): Check | undefined {
  if (!properties) return undefined;
  const checks = Object.entries(properties).map(([name, schema]) => [name, compile(schema, false)] as const);
  return ({ value, old, path, update }, walk) => {
    if (!isObject(value)) return;
    for (const [name, check] of checks) {
      if (value[name] === undefined) continue;
      check(
        { value: value[name], old: isObject(old) ? old[name] : undefined, path: childPath(path, name), update },
        walk,
      );
    }
  };
}

function additionalCheck({ additionalProperties: more, properties = {} }: JsonSchema): Check | undefined {
  if (!more || more === true) return undefined;
  const check = compile(more, false);
  return ({ value, old, path, update }, walk) => {
    if (!isObject(value)) return;
    for (const name of Object.keys(value)) {
      if (Object.hasOwn(properties, name)) continue;
      check(
        { value: value[name], old: isObject(old) ? old[name] : undefined, path: childPath(path, name), update },
        walk,
      );
    }
  };
}

/** Items have counterparts only where keys say which is which. */
function itemsCheck(schema: JsonSchema): Check | undefined {
  if (!schema.items) return undefined;
  const check = compile(schema.items, false);
  const keys = schema["x-kubernetes-list-type"] === "map" ? schema["x-kubernetes-list-map-keys"] : undefined;
  return ({ value, old, path, update }, walk) => {
    if (!Array.isArray(value)) return;
    const before = keys && Array.isArray(old) ? new Map(old.map((item) => [keyText(item, keys), item])) : undefined;
    value.forEach((item, i) => {
      check({ value: item, old: before?.get(keyText(item, keys!)), path: `${path}[${i}]`, update }, walk);
    });
  };
}

function keyText(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keysOf(item, keys));
}

function keysOf(item: unknown, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, isObject(item) ? item[key] : undefined]));
}

/** List types, and what an embedded object must have. */
function shapeChecks(schema: JsonSchema): Check[] {
  const listType = schema["x-kubernetes-list-type"];
  const checks: Check[] = [];
  if (listType === "set") checks.push(uniqueCheck((item) => item));
  if (listType === "map") checks.push(uniqueCheck((item) => keysOf(item, schema["x-kubernetes-list-map-keys"] ?? [])));
  if (schema["x-kubernetes-embedded-resource"]) checks.push(embeddedCheck);
  return checks;
}

function uniqueCheck(identity: (item: unknown) => unknown): Check {
  return ({ value, path }, { faults }) => {
    const seen = new Map<string, number>();
    for (const [i, item] of Array.isArray(value) ? value.entries() : []) {
      const id = identity(item);
      const text = JSON.stringify(id);
      seen.set(text, (seen.get(text) ?? 0) + 1);
      if (seen.get(text) === 2) {
        faults.push({
          reason: "FieldValueDuplicate",
          field: `${path}[${i}]`,
          message: `Duplicate value: ${shown(id)}`,
        });
      }
    }
  };
}

const embeddedCheck: Check = ({ value, path }, { faults }) => {
  if (!isObject(value)) return;
  for (const [name, why] of Object.entries(embeddedRules)) {
    const field = childPath(path, name);
    const said = value[name];
    if (typeof said !== "string") faults.push(required(field));
    else if (said === "") faults.push(invalidValue(field, "", "must not be empty"));
    else if (why(said)) faults.push(invalidValue(field, said, why(said)!));
  }
};

const embeddedRules: Readonly<Record<string, (said: string) => string | undefined>> = {
  apiVersion: (said) => said.split("/").length > 2 ? `unexpected GroupVersion string: ${said}` : undefined,
  kind: (said) => {
    const [fault] = dns1035Label(said.toLowerCase());
    return fault && `may have mixed case, but should otherwise match: ${fault}`;
  },
};

/** anyOf, oneOf, allOf, not: their schemas say only what values they allow. */
function junctorChecks(schema: JsonSchema): Check[] {
  const holds = (inner: JsonSchema) => {
    const check = compile(inner, false);
    return ({ value, path, update }: Place, { budget }: Walk) => {
      const walk: Walk = { faults: [], rules: [], budget };
      check({ value, path, update }, walk);
      return walk.faults;
    };
  };
  const checks: Check[] = [];
  const add = (
    inner: readonly JsonSchema[] | undefined,
    judge: (passed: number, all: number) => string | undefined,
  ) => {
    if (!inner?.length) return;
    const each = inner.map(holds);
    checks.push((place, walk) => {
      const passed = each.filter((one) => one(place, walk).length === 0).length;
      const why = judge(passed, each.length);
      if (why) walk.faults.push(junctorFault(place, why));
    });
  };
  add(schema.anyOf, (passed) => passed > 0 ? undefined : "must validate at least one schema (anyOf)");
  add(schema.oneOf, (passed) => passed === 1 ? undefined : oneOfWords(passed));
  add(schema.not && [schema.not], (passed) => passed === 0 ? undefined : "must not validate the schema (not)");
  for (const one of (schema.allOf ?? []).map(holds)) {
    checks.push((place, walk) => {
      const found = one(place, walk);
      if (found.length > 0) walk.faults.push(...found, junctorFault(place, "must validate all the schemas (allOf)"));
    });
  }
  return checks;
}

function oneOfWords(passed: number): string {
  const found = passed === 0 ? "none valid" : `${passed} valid alternatives`;
  return `must validate one and only one schema (oneOf). Found ${found}`;
}

function junctorFault({ path }: Place, why: string): FieldError {
  return { reason: "FieldValueInvalid", field: "<nil>", message: `Invalid value: "": ${JSON.stringify(path)} ${why}` };
}
