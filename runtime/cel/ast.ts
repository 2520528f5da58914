/** The syntax tree of a CEL expression, macros already read as what they mean. Source: CEL specification, "Syntax". */
import type { Value } from "./value.ts";

export type Node =
  | LiteralNode
  | IdentNode
  | SelectNode
  | CallNode
  | ListNode
  | MapNode
  | MessageNode
  | LoopNode
  | BindNode;

interface Located {
  /** Offset in the text, in UTF-16 units: where a message about it points. */
  readonly pos: number;
  /** Levels below it, itself included: bounded by the parser, so that no walk overflows the stack. */
  readonly depth: number;
}

export interface LiteralNode extends Located {
  readonly op: "literal";
  readonly value: Value;
}

export interface IdentNode extends Located {
  readonly op: "ident";
  readonly name: string;
}

/** `a.b`, `a.?b`, and with `test` `has(a.b)`. */
export interface SelectNode extends Located {
  readonly op: "select";
  readonly operand: Node;
  readonly field: string;
  readonly optional: boolean;
  readonly test: boolean;
}

/** Functions, methods (with a target) and operators (`_+_`, `_[_]`, `_?_:_`, ...). */
export interface CallNode extends Located {
  readonly op: "call";
  readonly name: string;
  readonly target?: Node;
  readonly args: readonly Node[];
}

export interface ListNode extends Located {
  readonly op: "list";
  readonly items: readonly { readonly node: Node; readonly optional: boolean }[];
}

export interface MapNode extends Located {
  readonly op: "map";
  readonly entries: readonly { readonly key: Node; readonly value: Node; readonly optional: boolean }[];
}

/** `Object.spec{replicas: 3}` */
export interface MessageNode extends Located {
  readonly op: "message";
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly value: Node;
    readonly optional: boolean;
    readonly pos: number;
  }[];
}

export type LoopKind =
  | "all"
  | "exists"
  | "exists_one"
  | "map"
  | "filter"
  | "sortBy"
  | "transformList"
  | "transformMap"
  | "transformMapEntry"
  | "optMap"
  | "optFlatMap";

/** A macro over the elements of a list, the keys of a map, or the value of an optional. */
export interface LoopNode extends Located {
  readonly op: "loop";
  readonly kind: LoopKind;
  readonly range: Node;
  /** One name, or two: index and element, key and value. */
  readonly names: readonly string[];
  readonly filter?: Node;
  readonly body: Node;
}

/** `cel.bind(name, value, body)` */
export interface BindNode extends Located {
  readonly op: "bind";
  readonly name: string;
  readonly value: Node;
  readonly body: Node;
}

/** Every node directly below. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.op) {
    case "literal":
    case "ident":
      return [];
    case "select":
      return [node.operand];
    case "call":
      return node.target ? [node.target, ...node.args] : node.args;
    case "list":
      return node.items.map((item) => item.node);
    case "map":
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case "message":
      return node.fields.map(({ value }) => value);
    case "loop":
      return node.filter ? [node.range, node.filter, node.body] : [node.range, node.body];
    case "bind":
      return [node.value, node.body];
  }
}
