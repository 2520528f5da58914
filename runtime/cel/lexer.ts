/** From text to tokens, in one pass. Source: CEL specification, "Lexical analysis". */
import { CompileError } from "./issue.ts";
import { readString } from "./string_literal.ts";
import { Uint, type Value } from "./value.ts";

export interface Token {
  readonly kind: "literal" | "name" | "quotedName" | "symbol" | "end";
  /** A name, or the symbol itself. */
  readonly text: string;
  readonly value?: Value;
  readonly pos: number;
}

/** As cel-go's default, in characters. */
const longestExpression = 100_000;
const spaces = /(?:[ \t\r\n\f]|\/\/[^\n]*)*/y;
const names = /[A-Za-z_][A-Za-z0-9_]*/y;
const quotedNames = /`([A-Za-z0-9_.\-/ ]+)`/y;
const strings = /(?:[rR][bB]?|[bB][rR]?)?(?:"""|'''|"|')/y;
const numbers = /0[xX][0-9a-fA-F]+[uU]?|(?:\d+\.\d+(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)|\d+[uU]?/y;
const symbols = /&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()[\]{}]/y;

/** The last one is `end`. Throws CompileError. */
export function tokensOf(text: string): Token[] {
  if (text.length > longestExpression) {
    throw new CompileError([{ pos: 0, message: `expression code point size exceeds limit: ${longestExpression}` }], "");
  }
  const tokens: Token[] = [];
  let pos = skip(text, 0);
  while (pos < text.length) {
    const [token, end] = tokenAt(text, pos);
    tokens.push(token);
    pos = skip(text, end);
  }
  return [...tokens, { kind: "end", text: "<EOF>", pos }];
}

function skip(text: string, pos: number): number {
  return pos + (match(spaces, text, pos)?.[0].length ?? 0);
}

function match(pattern: RegExp, text: string, pos: number): RegExpExecArray | null {
  pattern.lastIndex = pos;
  return pattern.exec(text);
}

function tokenAt(text: string, pos: number): [Token, number] {
  if (match(strings, text, pos)) {
    const { value, end } = readString(text, pos);
    return [{ kind: "literal", text: text.slice(pos, end), value, pos }, end];
  }
  const name = match(names, text, pos)?.[0];
  if (name) return [{ kind: "name", text: name, pos }, pos + name.length];
  const number = match(numbers, text, pos)?.[0];
  if (number) return [{ kind: "literal", text: number, value: numberOf(number, pos, text), pos }, pos + number.length];
  const quoted = match(quotedNames, text, pos);
  if (quoted) return [{ kind: "quotedName", text: quoted[1]!, pos }, pos + quoted[0].length];
  const symbol = match(symbols, text, pos)?.[0];
  if (symbol) return [{ kind: "symbol", text: symbol, pos }, pos + symbol.length];
  const message = `Syntax error: token recognition error at: '${text[pos]}'`;
  throw new CompileError([{ pos, message }], text);
}

const largestInt = 2n ** 63n;
const largestUint = 2n ** 64n;

/** 2^63 is let through: it may follow a minus sign, which the parser knows. */
function numberOf(word: string, pos: number, text: string): Value {
  if (/^0[xX]/.test(word) || /^\d+[uU]?$/.test(word)) {
    const unsigned = /[uU]$/.test(word);
    const value = BigInt(unsigned ? word.slice(0, -1) : word);
    if (value < (unsigned ? largestUint : largestInt + 1n)) return unsigned ? new Uint(value) : value;
    throw new CompileError([{ pos, message: `invalid ${unsigned ? "uint" : "int"} literal` }], text);
  }
  return Number(word);
}
