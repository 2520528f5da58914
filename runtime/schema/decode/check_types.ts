/**
 * Structure: does every value have the JSON type that its field wants? Built-in kinds answer in the words of Go's JSON
 * decoder, custom resources in those of OpenAPI validation, because that is what upstream's clients see.
 */
import type { ScalarNode, StructNode, TypeNode } from "../type_node.ts";
import { readableMicroTime } from "./micro_time.ts";
import { type FieldError, fieldPath } from "../field_error.ts";
import { parseQuantity } from "../quantity.ts";
import { compiledPerNode } from "./node_cache.ts";

/** A field, an index of a list, or the key of a map, which Go leaves out of its words. */
type Step = string | number | readonly [key: string];

/** What is wrong at one place; the path is built from the inside out. */
interface Fault {
  readonly path: Step[];
  readonly value: unknown;
  readonly wanted: TypeNode;
  /** Set where the value has the right JSON type and cannot be read (a date, a quantity, base64). */
  readonly unreadable?: string;
  /** Name of the struct whose field it is, empty in custom resources. */
  owner: string;
}

type Checker = (value: unknown, out: Fault[]) => void;

export function checkTypes(type: TypeNode, value: unknown): FieldError[] {
  const faults: Fault[] = [];
  checker(type)?.(value, faults);
  return faults.map(errorOf);
}

const checker = compiledPerNode<Checker>((node) => {
  if (node.type === "struct") return checkStruct(node);
  if (node.type === "list") return checkList(node, node.items);
  if (node.type === "map") return checkMap(node, node.values);
  if (node.type === "any") return undefined;
  return checkScalar(node);
});

/** Names the place of what a child has found. */
function locate(out: Fault[], from: number, step: Step, owner?: string): void {
  for (let i = from; i < out.length; i++) {
    out[i]!.path.push(step);
    if (owner !== undefined && out[i]!.owner === "?") out[i]!.owner = owner;
  }
}

function fault(value: unknown, wanted: TypeNode, unreadable?: string): Fault {
  return { path: [], value, wanted, unreadable, owner: "?" };
}

function checkStruct(node: StructNode): Checker {
  let children: Map<string, Checker | undefined> | undefined;
  const additional = node.additional;
  return (value, out) => {
    if (value === null || value === undefined) return;
    if (typeof value !== "object" || Array.isArray(value)) return void out.push(fault(value, node));
    children ??= new Map([...node.fields].map(([name, field]) => [name, checker(field.type)]));
    const object = value as Record<string, unknown>;
    for (const name of Object.keys(object)) {
      const child = children.get(name) ?? (additional && !children.has(name) ? checker(additional) : undefined);
      const before = out.length;
      child?.(object[name], out);
      if (out.length > before) locate(out, before, name, node.name);
    }
  };
}

function checkList(node: TypeNode, items: TypeNode): Checker {
  const child = checker(items);
  return (value, out) => {
    if (value === null || value === undefined) return;
    if (!Array.isArray(value)) return void out.push(fault(value, node));
    for (let i = 0; child && i < value.length; i++) {
      const before = out.length;
      child(value[i], out);
      if (out.length > before) locate(out, before, i);
    }
  };
}

function checkMap(node: TypeNode, values: TypeNode): Checker {
  const child = checker(values);
  return (value, out) => {
    if (value === null || value === undefined) return;
    if (typeof value !== "object" || Array.isArray(value)) return void out.push(fault(value, node));
    for (const key of child ? Object.keys(value) : []) {
      const before = out.length;
      child!((value as Record<string, unknown>)[key], out);
      if (out.length > before) locate(out, before, [key]);
    }
  };
}

function checkScalar(node: ScalarNode): Checker {
  const fits = scalarTests[node.type];
  return (value, out) => {
    if (value === null || value === undefined) return;
    const answer = fits(value);
    if (answer === true) return;
    out.push(fault(value, node, answer === false ? undefined : answer));
  };
}

const isString = (value: unknown) => typeof value === "string";
const timePattern = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function readableTime(value: unknown): boolean | string {
  if (typeof value !== "string") return false;
  if (value === "" || timePattern.test(value) && !Number.isNaN(Date.parse(value))) return true;
  return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05Z07:00": cannot parse ${
    JSON.stringify(value)
  } as "2006"`;
}

function readableQuantity(value: unknown): boolean | string {
  if (typeof value !== "string" && typeof value !== "number") return false;
  try {
    parseQuantity(value);
    return true;
  } catch (error) {
    return (error as Error).message;
  }
}

function readableBytes(value: unknown): boolean | string {
  if (typeof value !== "string") return false;
  const bad = /[^A-Za-z0-9+/]/.exec(value.replace(/[\r\n]/g, "").replace(/={0,2}$/, ""));
  if (bad) return `illegal base64 data at input byte ${bad.index}`;
  return value.replace(/[\r\n]/g, "").length % 4 === 0 ||
    `illegal base64 data at input byte ${value.length - value.length % 4}`;
}

function isInt(bits: 32 | 64): (value: unknown) => boolean {
  const limit = bits === 32 ? 2 ** 31 : 2 ** 63;
  return (value) => typeof value === "number" && Number.isInteger(value) && value >= -limit && value < limit;
}

/** True: fits. False: another JSON type. Text: the right type, and why it cannot be read. */
const scalarTests: Record<ScalarNode["type"], (value: unknown) => boolean | string> = {
  string: isString,
  boolean: (value) => typeof value === "boolean",
  int32: isInt(32),
  int64: isInt(64),
  double: (value) => typeof value === "number",
  bytes: readableBytes,
  quantity: readableQuantity,
  intOrString: (value) => isString(value) || isInt(32)(value),
  time: readableTime,
  microTime: readableMicroTime,
  duration: isString,
};

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

const goScalars: Partial<Record<ScalarNode["type"], string>> = {
  boolean: "bool",
  double: "float64",
  bytes: "[]uint8",
  intOrString: "int32",
  time: "string",
  microTime: "string",
  duration: "string",
  quantity: "string",
};

/** `v1.PodSpec`, `[]v1.Container`, `map[string]string`, `int32`: how Go prints the type. */
function goTypeOf(node: TypeNode): string {
  if (node.type === "struct") return node.name.slice(node.name.indexOf("/") + 1);
  if (node.type === "list") return `[]${goTypeOf(node.items)}`;
  if (node.type === "map") return `map[string]${goTypeOf(node.values)}`;
  if (node.type === "any") return "map[string]interface {}";
  return node.goName ?? goScalars[node.type] ?? node.type;
}

function errorOf(found: Fault): FieldError {
  const path = [...found.path].reverse();
  const steps = path.flat() as (string | number)[];
  const message = found.owner === "" ? openApiMessage(found, steps) : goMessage(found, path);
  return { reason: "FieldValueTypeInvalid", field: fieldPath(steps), message };
}

/** Go leaves list indices and map keys out of the path, and shows a number's digits only when a number was wanted. */
function goMessage({ value, wanted, unreadable, owner }: Fault, steps: readonly Step[]): string {
  if (unreadable) return unreadable;
  const digits = typeof value === "number" && /^(int32|int64)$/.test(wanted.type) ? ` ${value}` : "";
  const names = steps.filter((step) => typeof step === "string").join(".");
  const place = owner === "?" ? "Go value" : `Go struct field ${owner.slice(owner.lastIndexOf(".") + 1)}.${names}`;
  return `json: cannot unmarshal ${jsonTypeOf(value)}${digits} into ${place} of type ${goTypeOf(wanted)}`;
}

const openApiNames: Partial<Record<TypeNode["type"], string>> = {
  struct: "object",
  map: "object",
  list: "array",
  int32: "integer",
  int64: "integer",
  double: "number",
  boolean: "boolean",
  intOrString: "integer,string",
};

function openApiMessage({ value, wanted }: Fault, steps: (string | number)[]): string {
  const found = jsonTypeOf(value) === "bool" ? "boolean" : jsonTypeOf(value);
  const shown = Number.isInteger(value) && Math.abs(value as number) < 2 ** 63 ? "integer" : found;
  const text = `must be of type ${openApiNames[wanted.type] ?? "string"}: "${shown}"`;
  return `Invalid value: "${shown}": ${fieldPath(steps)} in body ${text}`;
}
