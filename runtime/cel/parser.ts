/**
 * From tokens to a tree, by precedence. Chains of `&&` and `||` become balanced trees, and every other nesting is bounded,
 * so that whoever walks a tree may recurse. Source: CEL specification, "Grammar".
 */
import type { Node } from "./ast.ts";
import { CompileError } from "./issue.ts";
import { type Token, tokensOf } from "./lexer.ts";
import { expandMacro } from "./macros.ts";

/** As cel-go's recursion limit. */
const deepest = 250;

const binary: readonly (readonly string[])[] = [
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

const reserved = new Set(
  ("as break const continue else for function if import let loop package namespace return var void while").split(" "),
);

/** What an expression may begin with, as cel-go's parser lists it. */
function starts(close = ""): string {
  const literals = "NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER";
  return `expecting {'[', '{', '(', ${close}'.', '-', '!', 'true', 'false', 'null', ${literals}}`;
}

/** Throws CompileError. */
export function parse(text: string): Node {
  return new Parser(text).whole();
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #nested = 0;

  constructor(private readonly text: string) {
    this.#tokens = tokensOf(text);
  }

  whole(): Node {
    const node = this.#expression();
    if (this.#next.kind !== "end") throw this.#unexpected();
    return node;
  }

  get #next(): Token {
    return this.#tokens[this.#at]!;
  }

  #sees(symbol: string): boolean {
    const { kind, text } = this.#next;
    return text === symbol && (kind === "symbol" || kind === "name" && symbol === "in");
  }

  #take(symbol: string): boolean {
    if (!this.#sees(symbol)) return false;
    this.#at++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw this.#unexpected(`expecting '${symbol}'`);
  }

  #unexpected(why = ""): CompileError {
    const { text, pos } = this.#next;
    return this.#fault(pos, `Syntax error: mismatched input '${text}'${why ? ` ${why}` : ""}`);
  }

  #fault(pos: number, message: string): CompileError {
    return new CompileError([{ pos, message }], this.text);
  }

  #checked<T extends Node>(node: T): T {
    if (node.depth > deepest) throw this.#fault(node.pos, `expression recursion limit exceeded: ${deepest}`);
    return node;
  }

  #call(name: string, pos: number, args: readonly Node[], target?: Node): Node {
    return this.#checked({ op: "call", name, pos, args, target, depth: depthOf(target ? [target, ...args] : args) });
  }

  #expression(): Node {
    if (++this.#nested > deepest) {
      throw this.#fault(this.#next.pos, `expression recursion limit exceeded: ${deepest}`);
    }
    const condition = this.#chain("||", () => this.#chain("&&", () => this.#binary(0)));
    const { pos } = this.#next;
    let node = condition;
    if (this.#take("?")) {
      const yes = this.#chain("||", () => this.#chain("&&", () => this.#binary(0)));
      this.#expect(":");
      node = this.#call("_?_:_", pos, [condition, yes, this.#expression()]);
    }
    this.#nested--;
    return node;
  }

  #chain(symbol: string, operand: () => Node): Node {
    const operands = [operand()];
    const places: number[] = [];
    while (this.#sees(symbol)) {
      places.push(this.#next.pos);
      this.#at++;
      operands.push(operand());
    }
    return this.#balanced(`_${symbol}_`, operands, places);
  }

  #balanced(name: string, operands: readonly Node[], places: readonly number[]): Node {
    if (operands.length === 1) return operands[0]!;
    const half = operands.length >> 1;
    const left = this.#balanced(name, operands.slice(0, half), places.slice(0, half - 1));
    const right = this.#balanced(name, operands.slice(half), places.slice(half));
    return this.#call(name, places[half - 1]!, [left, right]);
  }

  #binary(level: number): Node {
    const operators = binary[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((symbol) => this.#sees(symbol));
      if (!operator) return left;
      const { pos } = this.#next;
      this.#at++;
      left = this.#call(operator === "in" ? "@in" : `_${operator}_`, pos, [left, this.#binary(level + 1)]);
    }
  }

  #unary(): Node {
    const { pos, text } = this.#next;
    if (this.#next.kind !== "symbol" || text !== "!" && text !== "-") return this.#member(this.#primary());
    this.#at++;
    const { kind, value } = this.#tokens[this.#at]!;
    if (text === "-" && kind === "literal" && (typeof value === "bigint" || typeof value === "number")) {
      this.#at++;
      return this.#member({ op: "literal", value: -value as bigint, pos, depth: 1 });
    }
    if (++this.#nested > deepest) throw this.#fault(pos, `expression recursion limit exceeded: ${deepest}`);
    const node = this.#call(`${text}_`, pos, [this.#unary()]);
    this.#nested--;
    return node;
  }

  #member(start: Node): Node {
    let node = start;
    for (;;) {
      const { pos } = this.#next;
      if (this.#take(".")) node = this.#selection(node, pos);
      else if (this.#take("[")) {
        const optional = this.#take("?");
        const index = this.#expression();
        this.#expect("]");
        node = this.#call(optional ? "_[?_]" : "_[_]", pos, [node, index]);
      } else if (this.#sees("{") && qualifiedName(node)) node = this.#message(qualifiedName(node)!, node.pos);
      else return node;
    }
  }

  #selection(operand: Node, pos: number): Node {
    const optional = this.#take("?");
    const field = this.#name();
    const call = this.#next.pos;
    if (!optional && this.#take("(")) return this.#invocation(field, call, this.#arguments(), operand);
    return this.#checked({
      op: "select",
      operand,
      field,
      optional,
      test: false,
      pos,
      depth: operand.depth + 1,
    });
  }

  #name(): string {
    const { kind, text, pos } = this.#next;
    if (kind === "name" && text === "in") {
      throw this.#fault(pos - 1, "Syntax error: no viable alternative at input '.in'");
    }
    if (kind !== "name" && kind !== "quotedName") throw this.#unexpected("expecting IDENTIFIER");
    this.#at++;
    return text;
  }

  #invocation(name: string, pos: number, args: readonly Node[], target?: Node): Node {
    const macro = expandMacro({ name, pos, args, target }, (at, message) => this.#fault(at, message));
    return macro ? this.#checked(macro) : this.#call(name, pos, args, target);
  }

  #arguments(): Node[] {
    const items: Node[] = [];
    if (this.#next.kind === "end") throw this.#unexpected(starts("')', "));
    while (!this.#take(")")) {
      items.push(this.#expression());
      if (!this.#sees(")")) this.#expect(",");
    }
    return items;
  }

  #primary(): Node {
    const token = this.#next;
    const { pos } = token;
    if (token.kind === "literal") return this.#literal(token);
    if (this.#take("(")) {
      const inner = this.#expression();
      this.#expect(")");
      return inner;
    }
    if (this.#take("[")) return this.#listLiteral(pos);
    if (this.#take("{")) return this.#mapLiteral(pos);
    this.#take(".");
    if (this.#next.kind !== "name") throw this.#unexpected(this.#next.kind === "end" ? starts() : "");
    return this.#identifier(this.#next);
  }

  #identifier({ text, pos }: Token): Node {
    this.#at++;
    if (text === "true" || text === "false") return { op: "literal", value: text === "true", pos, depth: 1 };
    if (text === "null") return { op: "literal", value: null, pos, depth: 1 };
    if (reserved.has(text)) throw this.#fault(pos, `reserved identifier: ${text}`);
    const call = this.#next.pos;
    if (this.#take("(")) return this.#invocation(text, call, this.#arguments());
    return { op: "ident", name: text, pos, depth: 1 };
  }

  #literal({ value, pos }: Token): Node {
    this.#at++;
    if (typeof value === "bigint" && value >= 2n ** 63n) throw this.#fault(pos, "invalid int literal");
    return { op: "literal", value: value!, pos, depth: 1 };
  }

  #listLiteral(pos: number): Node {
    const items: { node: Node; optional: boolean }[] = [];
    while (!this.#take("]")) {
      const optional = this.#take("?");
      items.push({ optional, node: this.#expression() });
      if (!this.#sees("]")) this.#expect(",");
    }
    return this.#checked({ op: "list", items, pos, depth: depthOf(items.map(({ node }) => node)) });
  }

  #mapLiteral(pos: number): Node {
    const entries: { key: Node; value: Node; optional: boolean }[] = [];
    while (!this.#take("}")) {
      const optional = this.#take("?");
      const key = this.#expression();
      this.#expect(":");
      entries.push({ key, optional, value: this.#expression() });
      if (!this.#sees("}")) this.#expect(",");
    }
    const depth = depthOf(entries.flatMap(({ key, value }) => [key, value]));
    return this.#checked({ op: "map", entries, pos, depth });
  }

  #message(name: string, pos: number): Node {
    this.#expect("{");
    const fields: { name: string; value: Node; optional: boolean; pos: number }[] = [];
    while (!this.#take("}")) {
      const optional = this.#take("?");
      const { pos } = this.#next;
      const field = this.#name();
      this.#expect(":");
      fields.push({ name: field, optional, value: this.#expression(), pos });
      if (!this.#sees("}")) this.#expect(",");
    }
    return this.#checked({ op: "message", name, fields, pos, depth: depthOf(fields.map(({ value }) => value)) });
  }
}

export function depthOf(children: readonly Node[]): number {
  return 1 + children.reduce((most, { depth }) => Math.max(most, depth), 0);
}

/** `a.b.c` written as names only. */
export function qualifiedName(node: Node): string | undefined {
  if (node.op === "ident") return node.name;
  if (node.op !== "select" || node.test || node.optional) return undefined;
  const above = qualifiedName(node.operand);
  return above && `${above}.${node.field}`;
}
