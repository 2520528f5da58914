/** Calls that are not functions: they bring names for a part of the expression. Source: CEL specification, "Macros". */
import type { LoopKind, Node } from "./ast.ts";
import type { CompileError } from "./issue.ts";

export interface Invocation {
  readonly name: string;
  readonly pos: number;
  readonly args: readonly Node[];
  readonly target?: Node;
}

type Fault = (pos: number, message: string) => CompileError;

/** By name and number of arguments: which loop it is, how many names it brings, and whether a filter stands before its body. */
const loops: Readonly<Record<string, readonly [kind: LoopKind, names: number, filtered?: true]>> = {
  "all/2": ["all", 1],
  "all/3": ["all", 2],
  "exists/2": ["exists", 1],
  "exists/3": ["exists", 2],
  "exists_one/2": ["exists_one", 1],
  "existsOne/2": ["exists_one", 1],
  "exists_one/3": ["exists_one", 2],
  "existsOne/3": ["exists_one", 2],
  "map/2": ["map", 1],
  "map/3": ["map", 1, true],
  "filter/2": ["filter", 1],
  "sortBy/2": ["sortBy", 1],
  "transformList/3": ["transformList", 2],
  "transformList/4": ["transformList", 2, true],
  "transformMap/3": ["transformMap", 2],
  "transformMap/4": ["transformMap", 2, true],
  "transformMapEntry/3": ["transformMapEntry", 2],
  "transformMapEntry/4": ["transformMapEntry", 2, true],
  "optMap/2": ["optMap", 1],
  "optFlatMap/2": ["optFlatMap", 1],
};

/** `undefined`: an ordinary call. */
export function expandMacro(call: Invocation, fault: Fault): Node | undefined {
  const { name, args, target } = call;
  if (!target) return name === "has" && args.length === 1 ? presence(call, fault) : undefined;
  if (name === "bind" && args.length === 3 && target.op === "ident" && target.name === "cel") return bind(call, fault);
  const loop = loops[`${name}/${args.length}`];
  if (!loop) return undefined;
  const [kind, count, filtered] = loop;
  const names = args.slice(0, count).map((arg) => nameOf(arg, fault));
  const filter = filtered ? args[count] : undefined;
  const body = args.at(-1)!;
  const depth = 1 + Math.max(target.depth, filter?.depth ?? 0, body.depth);
  return { op: "loop", kind, range: target, names, filter, body, pos: call.pos, depth };
}

function presence({ args, pos }: Invocation, fault: Fault): Node {
  const [arg] = args;
  if (arg?.op === "select") return { ...arg, test: true, pos };
  throw fault(arg?.pos ?? pos, "invalid argument to has() macro");
}

function bind({ args, pos }: Invocation, fault: Fault): Node {
  const [name, value, body] = args as [Node, Node, Node];
  const depth = 1 + Math.max(value.depth, body.depth);
  return { op: "bind", name: nameOf(name, fault), value, body, pos, depth };
}

function nameOf(node: Node, fault: Fault): string {
  if (node.op === "ident") return node.name;
  throw fault(node.pos, "argument must be a simple name");
}
