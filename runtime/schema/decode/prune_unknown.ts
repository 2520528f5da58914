/**
 * Unknown fields: removed in place and named as upstream's strict decoding names them (`spec.containers[0].foo`). A
 * misspelled case is unknown too. Values of a wrong JSON type are left for `checkTypes` to refuse.
 */
import type { Json } from "../object.ts";
import type { StructNode, TypeNode } from "../type_node.ts";
import { compiledPerNode } from "./node_cache.ts";

type Pruner = (value: unknown, out: string[]) => void;

/** Removes fields that the type does not have; returns their paths in order of appearance. */
export function pruneUnknown(type: TypeNode, value: Json | object): string[] {
  const out: string[] = [];
  pruner(type)?.(value, out);
  return out;
}

const pruner = compiledPerNode<Pruner>((node) => {
  if (node.type === "struct") return pruneStruct(node);
  if (node.type === "list") return pruneList(node.items);
  if (node.type === "map") return pruneMap(node.values);
  return undefined;
});

/** Paths are made only for what is found: a child reports relative paths and its parent prefixes them. */
function prefix(out: string[], from: number, head: string): void {
  for (let i = from; i < out.length; i++) out[i] = out[i]!.startsWith("[") ? head + out[i] : `${head}.${out[i]}`;
}

function pruneStruct(node: StructNode): Pruner {
  const additional = node.additional;
  let children: Map<string, Pruner | undefined> | undefined;
  return (value, out) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    children ??= new Map([...node.fields].map(([name, field]) => [name, pruner(field.type)]));
    const object = value as Record<string, unknown>;
    for (const name of Object.keys(object)) {
      const child = children.get(name);
      const before = out.length;
      if (child) child(object[name], out);
      else if (!children.has(name)) pruneExtra(node, additional, object, name, out);
      if (out.length > before && object[name] !== undefined) prefix(out, before, name);
    }
  };
}

function pruneExtra(
  node: StructNode,
  additional: TypeNode | undefined,
  object: Record<string, unknown>,
  name: string,
  out: string[],
): void {
  if (additional) return pruner(additional)?.(object[name], out);
  if (node.preserveUnknown) return;
  delete object[name];
  out.push(name);
}

function pruneList(items: TypeNode): Pruner | undefined {
  const child = pruner(items);
  if (!child) return undefined;
  return (value, out) => {
    if (!Array.isArray(value)) return;
    for (let i = 0; i < value.length; i++) {
      const before = out.length;
      child(value[i], out);
      if (out.length > before) prefix(out, before, `[${i}]`);
    }
  };
}

function pruneMap(values: TypeNode): Pruner | undefined {
  const child = pruner(values);
  if (!child) return undefined;
  return (value, out) => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      const before = out.length;
      child(item, out);
      if (out.length > before) prefix(out, before, key);
    }
  };
}
