/** Quoted texts and bytes: `"a\n"`, `r'\d+'`, `'''many lines'''`, `b"\xff"`. */
import { CompileError } from "./issue.ts";

const simple: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "?": "?",
  '"': '"',
  "'": "'",
  "`": "`",
};

const opening = /([rRbB]{0,2})("""|'''|"|')/y;
const escapes = /\\(?:([abfnrtv\\?"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y;
const encoder = new TextEncoder();

export function readString(text: string, pos: number): { value: string | Uint8Array; end: number } {
  opening.lastIndex = pos;
  const [head, prefix, quote] = opening.exec(text) as unknown as [string, string, string];
  const raw = /r/i.test(prefix);
  const from = pos + head.length;
  const close = closingQuote(text, from, quote, raw);
  const inner = text.slice(from, close);
  const end = close + quote.length;
  const bytes = /b/i.test(prefix);
  if (raw) return { value: bytes ? encoder.encode(inner) : inner, end };
  const units = unescape(inner, from, text, bytes);
  return { value: bytes ? joinBytes(units) : units.join(""), end };
}

function closingQuote(text: string, from: number, quote: string, raw: boolean): number {
  for (let at = from; at < text.length; at++) {
    if (text.startsWith(quote, at)) return at;
    if (text[at] === "\\" && !raw) at++;
    if (quote.length === 1 && (text[at] === "\n" || text[at] === "\r")) break;
  }
  throw fault(from - quote.length, text);
}

function fault(pos: number, text: string): CompileError {
  const message = `Syntax error: token recognition error at: '${text.slice(pos, pos + 20)}'`;
  return new CompileError([{ pos, message }], text);
}

/** Characters as texts; in bytes, an octal or hexadecimal escape is one byte and comes as a number. */
function unescape(inner: string, offset: number, text: string, bytes: boolean): (string | number)[] {
  const units: (string | number)[] = [];
  let plain = 0;
  for (let at = inner.indexOf("\\"); at >= 0; at = inner.indexOf("\\", plain)) {
    escapes.lastIndex = at;
    const found = escapes.exec(inner);
    const unit = found && unitOf(found, bytes);
    if (unit === null || unit === undefined) throw fault(offset + at, text);
    units.push(inner.slice(plain, at), unit);
    plain = at + found![0].length;
  }
  return [...units, inner.slice(plain)];
}

function unitOf([, plain, hex, four, eight, octal]: RegExpExecArray, bytes: boolean): string | number | undefined {
  if (plain) return simple[plain];
  const byte = hex ?? octal;
  if (byte) return codePoint(parseInt(byte, hex ? 16 : 8), bytes);
  const code = parseInt((four ?? eight)!, 16);
  if (bytes || code > 0x10ffff || code >= 0xd800 && code < 0xe000) return undefined;
  return String.fromCodePoint(code);
}

function codePoint(code: number, bytes: boolean): string | number {
  return bytes ? code : String.fromCharCode(code);
}

function joinBytes(units: readonly (string | number)[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit) => typeof unit === "number" ? [unit] : [...encoder.encode(unit)]));
}
