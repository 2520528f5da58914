/**
 * What Go would print after reading an object, done in place: nulls go, empty optional fields go, embedded structs and
 * required numbers appear with their zero value, quantities and times take their canonical form. So that what d8s stores
 * and compares is what clients written against upstream expect (`resources: {}`, `status: {}`, `cpu: 500m`).
 *
 * Only built-in types have Go's rules; of custom resources only the metadata is touched. Where Go prints `null`
 * (a required list or time that was never set) nothing is printed.
 */
import type { FieldNode, ScalarNode, StructNode, TypeNode } from "../type_node.ts";
import { canonicalQuantity } from "../quantity.ts";
import { gatedFields } from "./gated_fields.ts";
import { compiledPerNode } from "./node_cache.ts";

/** Returns the value to keep, or undefined when it says nothing. */
type Normalizer = (value: unknown) => unknown;

export function normalize(type: TypeNode, value: object): void {
  normalizer(type)?.(value);
}

const normalizer = compiledPerNode<Normalizer>((node) => {
  if (node.type === "struct") return node.name === "" ? normalizeNamedFields(node) : normalizeStruct(node);
  if (node.type === "list") return normalizeList(node.items);
  if (node.type === "map") return normalizeMap(node.values);
  return scalarForms[node.type as ScalarNode["type"]];
});

/** Of a custom resource only what has Go's types is touched: its metadata. */
function normalizeNamedFields(node: StructNode): Normalizer | undefined {
  const children: [string, Normalizer][] = [];
  for (const [name, field] of node.fields) {
    const child = field.type.type === "struct" ? normalizer(field.type) : undefined;
    if (child) children.push([name, child]);
  }
  if (children.length === 0) return undefined;
  return (value) => {
    const object = value as Record<string, unknown>;
    for (const [name, child] of children) if (object?.[name]) child(object[name]);
    return value;
  };
}

interface Step {
  readonly field: FieldNode;
  readonly child?: Normalizer;
  /** Never kept. */
  readonly isGated: boolean;
  /** Written when absent: `{}`, 0, false, empty text or no amount. */
  readonly zero?: "struct" | 0 | false | "" | "0";
}

function stepOf(node: StructNode, field: FieldNode): Step {
  const isGated = gatedFields.has(`${node.name}.${field.name}`);
  return { field, child: normalizer(field.type), zero: zeroOf(field), isGated };
}

function zeroOf(field: FieldNode): Step["zero"] {
  if (field.pointer) return undefined;
  if (field.type.type === "struct") return "struct";
  // Structs of their own in Go, which have no empty form.
  if (field.type.type === "intOrString") return 0;
  if (field.type.type === "quantity") return "0";
  return isWritten(field) ? zeros[field.type.type] : undefined;
}

const zeros: Partial<Record<TypeNode["type"], 0 | false | "">> = {
  boolean: false,
  int32: 0,
  int64: 0,
  string: "",
};

function isWritten(field: FieldNode): boolean {
  return field.required || field.written === true;
}

function normalizeStruct(node: StructNode): Normalizer {
  let steps: Map<string, Step> | undefined;
  let filled: Step[] = [];
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    if (!steps) {
      steps = new Map([...node.fields].map(([name, field]) => [name, stepOf(node, field)]));
      filled = [...steps.values()].filter((step) => step.zero !== undefined);
    }
    const object = value as Record<string, unknown>;
    for (const name of Object.keys(object)) {
      const step = steps.get(name);
      if (step?.isGated) delete object[name];
      else if (step) keepOrDrop(object, name, step);
    }
    for (const { field, zero, child } of filled) {
      if (object[field.name] !== undefined) continue;
      object[field.name] = zero === "struct" ? child?.({}) ?? {} : zero;
    }
    return object;
  };
}

function keepOrDrop(object: Record<string, unknown>, name: string, step: Step): void {
  const before = object[name];
  if (before === null || before === undefined) return void delete object[name];
  const after = step.child ? step.child(before) : before;
  if (after === undefined || !isWritten(step.field) && isEmpty(after, step.field)) delete object[name];
  else if (after !== before) object[name] = after;
}

/** Go's `omitempty`: a pointer to zero is not empty, a list or map with nothing in it is. */
function isEmpty(value: unknown, field: FieldNode): boolean {
  if (typeof value === "object") return isEmptyCollection(value as object, field.type.type);
  return !field.pointer && (value === "" || value === 0 || value === false) && field.type.type !== "intOrString";
}

function isEmptyCollection(value: object, type: TypeNode["type"]): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (type !== "map") return false;
  for (const _ in value) return false;
  return true;
}

/** What Go makes of a null in a list or a map: nothing is left out there, so it is the type's zero value (of a struct: `{}` normalized). */
function zeroItem({ type }: TypeNode): unknown {
  if (type === "map") return {};
  if (type === "list") return [];
  if (type === "any" || type === "time" || type === "microTime") return null;
  return type === "bytes" ? "" : zeros[type] ?? 0;
}

function normalizeList(items: TypeNode): Normalizer | undefined {
  const child = normalizer(items) ?? ((value: unknown) => value);
  const fromNull = () => items.type === "struct" ? child({}) : zeroItem(items);
  return (value) => {
    if (!Array.isArray(value)) return value;
    for (let i = 0; i < value.length; i++) {
      const after = value[i] === null ? fromNull() : child(value[i]);
      if (after !== value[i]) value[i] = after;
    }
    return value;
  };
}

function normalizeMap(values: TypeNode): Normalizer | undefined {
  const child = normalizer(values) ?? ((value: unknown) => value);
  const fromNull = () => values.type === "struct" ? child({}) : zeroItem(values);
  return (value) => {
    if (typeof value !== "object" || value === null) return value;
    const object = value as Record<string, unknown>;
    for (const key in object) {
      const before = object[key];
      const after = before === null ? fromNull() : child(before);
      if (after !== before) object[key] = after;
    }
    return object;
  };
}

const wholeSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const microseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Fractions below a millisecond are kept by text: `Date` does not know them. */
function microTimeOf(text: string): string {
  if (microseconds.test(text)) return text;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  return `${new Date(text).toISOString().slice(0, 19)}.${fraction.padEnd(6, "0").slice(0, 6)}Z`;
}

const scalarForms: Partial<Record<ScalarNode["type"], Normalizer>> = {
  quantity: (value) => canonicalQuantity(value as string | number),
  time: (value) =>
    wholeSeconds.test(value as string) || !value ? value : new Date(value as string).toISOString().slice(0, 19) + "Z",
  microTime: (value) => value ? microTimeOf(value as string) : value,
};
