/**
 * Defaults that the type itself states (`+default` of built-in types, `default` of custom resources' schemas), in place.
 * Only branches that hold a default are walked.
 */
import type { Json } from "../object.ts";
import type { FieldNode, StructNode, TypeNode } from "../type_node.ts";
import { compiledPerNode } from "./node_cache.ts";

type Defaulter = (value: unknown) => void;

export function applyStaticDefaults(type: TypeNode, value: object): void {
  if (holdsDefault(type, new Set())) defaulter(type)?.(value);
}

const holders = new WeakMap<TypeNode, boolean>();

function holdsDefault(node: TypeNode, above: Set<TypeNode>): boolean {
  const known = holders.get(node);
  if (known !== undefined) return known;
  if (above.has(node)) return false;
  above.add(node);
  const answer = childrenOf(node).some((child) => holdsDefault(child, above)) || ownDefault(node);
  above.delete(node);
  // An answer of "no" below a node that is still open may be too early; only whole answers are kept.
  if (answer || above.size === 0) holders.set(node, answer);
  return answer;
}

function childrenOf(node: TypeNode): TypeNode[] {
  if (node.type === "struct") {
    const fields = [...node.fields.values()].map((field) => field.type);
    return node.additional ? [...fields, node.additional] : fields;
  }
  if (node.type === "list") return [node.items];
  return node.type === "map" ? [node.values] : [];
}

function ownDefault(node: TypeNode): boolean {
  if (node.type !== "struct") return false;
  return dropsNulls(node) || [...node.fields.values()].some((field) => isWritten(node, field));
}

/** Upstream drops nulls where a custom resource's schema does not allow them. */
const dropsNulls = (node: StructNode) => node.name === "";

/** Go does not print a zero value that stands for "not set", so such defaults of built-in types change nothing. */
function isWritten(node: StructNode, { default: value, pointer }: FieldNode): boolean {
  if (value === undefined) return false;
  return pointer || node.name === "" || !(value === "" || value === 0 || value === false);
}

const defaulter = compiledPerNode<Defaulter>((node) => {
  if (node.type === "struct") return defaultStruct(node);
  if (node.type === "list") return each(node.items);
  return node.type === "map" ? each(node.values) : undefined;
});

function each(items: TypeNode): Defaulter | undefined {
  const child = holdsDefault(items, new Set()) ? defaulter(items) : undefined;
  return child && ((value) => {
    if (typeof value === "object" && value !== null) Object.values(value).forEach(child);
  });
}

function defaultStruct(node: StructNode): Defaulter {
  const own: [string, Json, boolean][] = [];
  const inner: [string, Defaulter][] = [];
  const never = dropsNulls(node) ? [...node.fields.values()].filter(({ nullable }) => !nullable) : [];
  for (const [name, field] of node.fields) {
    if (isWritten(node, field)) own.push([name, field.default!, field.nullable]);
    const child = holdsDefault(field.type, new Set()) ? defaulter(field.type) : undefined;
    if (child) inner.push([name, child]);
  }
  const extra = node.additional && holdsDefault(node.additional, new Set()) ? defaulter(node.additional) : undefined;
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const object = value as Record<string, unknown>;
    for (const [name, json, nullable] of own) setDefault(object, name, json, nullable);
    for (const { name } of never) if (object[name] === null) delete object[name];
    for (const [name, child] of inner) child(object[name]);
    if (extra) { for (const name of Object.keys(object)) if (!node.fields.has(name)) extra(object[name]); }
  };
}

/** Null asks for the default where the field may not be null. */
function setDefault(object: Record<string, unknown>, name: string, json: Json, nullable: boolean): void {
  if (object[name] === undefined || object[name] === null && !nullable) object[name] = structuredClone(json);
}
