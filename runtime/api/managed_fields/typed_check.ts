/**
 * What an applied object may not be: of fields that its type doesn't know, of values of another type, or with two items of one
 * identity. Upstream finds this before it knows whose mistake it is: the answer is a 500 without a reason.
 */
import {
  apiVersionOf,
  type Json,
  type KubeObject,
  type ListNode,
  type Resource,
  StatusError,
} from "../../schema/mod.ts";
import type { TypeNode } from "../../schema/mod.ts";
import { printPath } from "./conflicts.ts";
import { childOf, type Fields, itemElement, shapeOf } from "./shape.ts";

export function checkTyped(resource: Resource, applied: KubeObject): void {
  const problems = [...problemsOf(resource.type, applied as Json, [])];
  if (problems.length === 0) return;
  const text = problems.length === 1 ? problems[0] : `errors:\n  ${problems.join("\n  ")}`;
  throw new StatusError("", `failed to create typed patch object (${describe(resource, applied)}): ${text}`);
}

/** `default/web; apps/v1, Kind=Deployment`, with the names that are texts. */
function describe(resource: Resource, { metadata }: KubeObject): string {
  const { namespace, name } = (metadata ?? {}) as { namespace?: unknown; name?: unknown };
  const [place, own] = typeof name === "string" ? [namespace ?? "", name] : ["", ""];
  const groupVersion = resource.group ? apiVersionOf(resource) : `/${resource.version}`;
  return `${place}/${own}; ${groupVersion}, Kind=${resource.kind}`;
}

function* problemsOf(type: TypeNode, value: Json, path: readonly string[]): Generator<string> {
  const wrong = value === null ? undefined : mismatch(type, value);
  if (wrong) return yield `${printPath(path)}: ${wrong}`;
  if (type.type === "list" && Array.isArray(value)) yield* itemProblems(type, value, path);
  else if (shapeOf(type, value) === "fields" || isAtomicFields(type, value)) {
    yield* fieldProblems(type, value as Fields, path);
  }
}

/** Atomic parts are owned as a whole, and checked all the same. */
function isAtomicFields(type: TypeNode, value: Json): boolean {
  return (type.type === "struct" || type.type === "map") && value !== null;
}

function* fieldProblems(type: TypeNode, fields: Fields, path: readonly string[]): Generator<string> {
  let unknown: string | undefined;
  for (const name of Object.keys(fields).sort()) {
    const child = childOf(type, name);
    const below = [...path, child.element];
    if (child.declared) yield* problemsOf(child.type, fields[name]!, below);
    else unknown ??= `${printPath(below)}: field not declared in schema`;
  }
  // Of those beside one another the first is told.
  if (unknown) yield unknown;
}

function* itemProblems(type: ListNode, list: Json[], path: readonly string[]): Generator<string> {
  const seen = new Set<string>();
  for (const [index, item] of list.entries()) {
    const fault = elementFault(type, item);
    if (fault) return yield `${printPath(path)}: element ${index}: ${fault}`;
    const element = type.listType === "atomic" ? `i:${index}` : itemElement(type, item);
    if (seen.has(element)) return yield `${printPath(path)}: duplicate entries for key ${printPath([element])}`;
    seen.add(element);
    yield* problemsOf(type.items, item, [...path, element]);
  }
}

function elementFault(type: ListNode, item: Json): string | undefined {
  if (type.listType !== "map") return undefined;
  if (item === null) return "associative list with keys may not have a null element";
  if (typeof item !== "object" || Array.isArray(item)) {
    return "associative list with keys may not have non-map elements";
  }
  if (itemElement(type, item) !== "k:{}") return undefined;
  const key = JSON.stringify(type.keys[0]);
  return `associative list with keys has an element that omits key field ${key} (and doesn't have default value)`;
}

const numbers: ReadonlySet<string> = new Set(["int32", "int64", "double"]);
const texts: ReadonlySet<string> = new Set(["string", "bytes"]);

/** Of times and quantities any scalar is taken here. */
function mismatch({ type }: TypeNode, value: Json): string | undefined {
  const isMap = typeof value === "object" && !Array.isArray(value);
  if (type === "struct" || type === "map") return isMap ? undefined : `expected map, got &{${printed(value)}}`;
  if (type === "list") return Array.isArray(value) ? undefined : `expected list, got &{${printed(value)}}`;
  if (texts.has(type) && typeof value !== "string") {
    return `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
  }
  if (type === "boolean" && typeof value !== "boolean") return `expected boolean, got &{${printed(value)}}`;
  if (numbers.has(type) && typeof value !== "number") return `expected numeric (int or float), got ${goType(value)}`;
  return undefined;
}

/** As Go prints values for people: `[1 2]`, `map[a:1]`. */
function printed(value: Json): string {
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value !== "object") return String(value);
  return `map[${Object.keys(value).sort().map((key) => `${key}:${printed(value[key]!)}`).join(" ")}]`;
}

/** As Go prints values for Go. */
function goSyntax(value: Json): string {
  if (value === null) return "interface {}(nil)";
  if (typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `${goType(value)}{${value.map(goSyntax).join(", ")}}`;
  const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${goSyntax(value[key]!)}`);
  return `${goType(value)}{${members.join(", ")}}`;
}

function goType(value: Json): string {
  if (Array.isArray(value)) return "[]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value === "string" ? "string" : "map[string]interface {}";
}
