/**
 * One compiled function per type node, made when it is first needed. Nodes may hold themselves (JSONSchemaProps), so a
 * stand-in that looks the function up later is handed out while it is being compiled.
 */
import type { TypeNode } from "../type_node.ts";

export function compiledPerNode<F extends (...args: never[]) => unknown>(
  compile: (node: TypeNode) => F | undefined,
): (node: TypeNode) => F | undefined {
  const done = new WeakMap<TypeNode, F | null>();
  const underWay = new WeakSet<TypeNode>();
  const get = (node: TypeNode): F | undefined => {
    const known = done.get(node);
    if (known !== undefined) return known ?? undefined;
    if (underWay.has(node)) return ((...args: never[]) => done.get(node)?.(...args)) as F;
    underWay.add(node);
    const made = compile(node);
    done.set(node, made ?? null);
    return made;
  };
  return get;
}
