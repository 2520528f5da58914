/**
 * A set of field paths, in the very form in which FieldsV1 carries it: a tree whose edges are path elements (`f:spec`,
 * `k:{"name":"a"}`, `v:"x"`, `i:0`). A node without children is in the set; one with children is in it when it has `.`.
 *
 * The empty set is `undefined`, never `{}`. Sets are never changed once made: operations share what they keep, and return
 * their first argument itself when it already is the answer.
 */
import type { Json } from "../../schema/mod.ts";

export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export const LEAF: FieldSet = Object.freeze({});

/** What a set is made of before it is finished. */
export type Draft = Record<string, FieldSet>;

export function hasChildren(set: FieldSet): boolean {
  for (const element in set) if (element !== ".") return true;
  return false;
}

export function isMember(set: FieldSet): boolean {
  return "." in set || !hasChildren(set);
}

/** A node with these children; undefined when it would hold nothing. */
export function nodeOf(member: boolean, children: Draft): FieldSet | undefined {
  if (!hasChildren(children)) return member ? LEAF : undefined;
  return member ? { ".": LEAF, ...children } : children;
}

export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b || a === b) return a ?? b;
  const children: Draft = {};
  let grown = isMember(b) && !isMember(a);
  for (const element in a) if (element !== ".") children[element] = a[element]!;
  for (const element in b) {
    if (element === ".") continue;
    const joined = union(a[element], b[element])!;
    if (joined !== a[element]) grown = true;
    children[element] = joined;
  }
  return grown ? nodeOf(isMember(a) || isMember(b), children) : a;
}

/** Paths of `a` that are not in `b`. */
export function difference(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return a;
  const children: Draft = {};
  let shrunk = isMember(a) && isMember(b);
  for (const element in a) {
    if (element === ".") continue;
    const rest = difference(a[element], b[element]);
    if (rest !== a[element]) shrunk = true;
    if (rest) children[element] = rest;
  }
  return shrunk ? nodeOf(isMember(a) && !isMember(b), children) : a;
}

export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return undefined;
  const children: Draft = {};
  for (const element in a) {
    const shared = element === "." ? undefined : intersection(a[element], b[element]);
    if (shared) children[element] = shared;
  }
  return nodeOf(isMember(a) && isMember(b), children);
}

export function sameSet(a: FieldSet | undefined, b: FieldSet | undefined): boolean {
  return a === b || (difference(a, b) === undefined && difference(b, a) === undefined);
}

/** The paths of a set, each a list of elements: at every level first those that end there. */
export function* pathsOf(set: FieldSet | undefined, prefix: readonly string[] = []): Generator<readonly string[]> {
  if (!set) return;
  const elements = Object.keys(set).filter((element) => element !== ".").sort();
  for (const element of elements) if (isMember(set[element]!)) yield [...prefix, element];
  for (const element of elements) yield* pathsOf(set[element], [...prefix, element]);
}

/** The same set with its elements in order, as it is stored. */
export function sorted(set: FieldSet): FieldSet {
  if (isSorted(set)) return set;
  const result: Draft = {};
  for (const element of Object.keys(set).sort()) result[element] = sorted(set[element]!);
  return result;
}

function isSorted(set: FieldSet): boolean {
  let last = "";
  for (const element in set) {
    if (element < last || !isSorted(set[element]!)) return false;
    last = element;
  }
  return true;
}

/** Reads `fieldsV1`; undefined when it is empty or no such tree: clients may send anything. */
export function decodeFieldSet(fields: Json | undefined): FieldSet | undefined {
  if (!isTree(fields)) return undefined;
  return hasChildren(fields) ? fields : undefined;
}

function isTree(value: Json | undefined): value is { [element: string]: never } {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  for (const element in value) if (!isElement(element) || !isTree(value[element])) return false;
  return true;
}

function isElement(element: string): boolean {
  if (element === "." || element.startsWith("f:")) return true;
  if (element.startsWith("i:")) return /^i:\d+$/.test(element);
  return (element.startsWith("k:{") || element.startsWith("v:")) && isJson(element.slice(2));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
