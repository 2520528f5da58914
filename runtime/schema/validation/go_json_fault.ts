/**
 * What Go's decoder says of a text that is no JSON: the first character that does not fit, and where it stood. Empty where
 * nothing is wrong. Not a parser: it keeps no value.
 */
const atEnd = "unexpected end of JSON input";

class Fault extends Error {}

export function goJsonFault(text: string): string {
  const scan = { text, at: 0 };
  try {
    value(scan, "looking for beginning of value");
    if (space(scan) !== undefined) fail(scan, "after top-level value");
    return "";
  } catch (fault) {
    if (fault instanceof Fault) return fault.message;
    if (fault instanceof RangeError) return "exceeded max depth";
    throw fault;
  }
}

/** As `goJsonFault`, of what has to be an object; `null` is one without fields. */
export function goMapFault(text: string): string {
  const fault = goJsonFault(text);
  if (fault) return fault;
  const kind = goKindOf(JSON.parse(text));
  return kind === "object" ? "" : `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`;
}

/** `array`, `bool`, `number`, `string`, and `object`, which null counts as. */
export function goKindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

interface Scan {
  readonly text: string;
  at: number;
}

function fail({ text, at }: Scan, where: string): never {
  const character = text[at];
  // Go's scanner is told of the end by a space.
  if (character === undefined) {
    throw new Fault(/^in (literal|numeric)/.test(where) ? `invalid character ' ' ${where}` : atEnd);
  }
  const quoted = character === "'"
    ? `'\\''`
    : character === '"'
    ? `'"'`
    : `'${JSON.stringify(character).slice(1, -1)}'`;
  throw new Fault(`invalid character ${quoted} ${where}`);
}

/** The next character that is no space. */
function space(scan: Scan): string | undefined {
  while (" \t\r\n".includes(scan.text[scan.at] ?? "x")) scan.at++;
  return scan.text[scan.at];
}

const words: Readonly<Record<string, string>> = { t: "true", f: "false", n: "null" };

function value(scan: Scan, where: string): void {
  const first = space(scan);
  if (first === "{") members(scan);
  else if (first === "[") items(scan);
  else if (first === '"') string(scan);
  else if (first !== undefined && words[first]) word(scan, words[first]);
  else if (first !== undefined && /[-0-9]/.test(first)) number(scan);
  else fail(scan, where);
}

function members(scan: Scan): void {
  scan.at++;
  if (space(scan) === "}") return void scan.at++;
  for (;;) {
    if (space(scan) !== '"') fail(scan, "looking for beginning of object key string");
    string(scan);
    if (space(scan) !== ":") fail(scan, "after object key");
    scan.at++;
    value(scan, "looking for beginning of value");
    const next = space(scan);
    if (next !== "," && next !== "}") fail(scan, "after object key:value pair");
    scan.at++;
    if (next === "}") return;
  }
}

function items(scan: Scan): void {
  scan.at++;
  if (space(scan) === "]") return void scan.at++;
  for (;;) {
    value(scan, "looking for beginning of value");
    const next = space(scan);
    if (next !== "," && next !== "]") fail(scan, "after array element");
    scan.at++;
    if (next === "]") return;
  }
}

function string(scan: Scan): void {
  for (scan.at++;; scan.at++) {
    const character = scan.text[scan.at];
    if (character === undefined || character < " ") fail(scan, "in string literal");
    if (character === '"') return void scan.at++;
    if (character === "\\") escape(scan);
  }
}

function escape(scan: Scan): void {
  const character = scan.text[++scan.at];
  if (character !== "u") {
    return '"\\/bfnrt'.includes(character ?? "x") ? undefined : fail(scan, "in string escape code");
  }
  for (let i = 0; i < 4; i++) {
    if (!/[0-9a-fA-F]/.test(scan.text[++scan.at] ?? "x")) fail(scan, "in \\u hexadecimal character escape");
  }
}

function word(scan: Scan, expected: string): void {
  for (let i = 1; i < expected.length; i++) {
    if (scan.text[++scan.at] !== expected[i]) fail(scan, `in literal ${expected} (expecting '${expected[i]}')`);
  }
  scan.at++;
}

function number(scan: Scan): void {
  if (scan.text[scan.at] === "-") scan.at++;
  if (scan.text[scan.at] === "0") scan.at++;
  else digits(scan, "in numeric literal");
  if (scan.text[scan.at] === ".") {
    scan.at++;
    digits(scan, "after decimal point in numeric literal");
  }
  if (/[eE]/.test(scan.text[scan.at] ?? "")) {
    scan.at++;
    if (/[-+]/.test(scan.text[scan.at] ?? "")) scan.at++;
    digits(scan, "in exponent of numeric literal");
  }
}

function digits(scan: Scan, where: string): void {
  const start = scan.at;
  while (/[0-9]/.test(scan.text[scan.at] ?? "")) scan.at++;
  if (scan.at === start) fail(scan, where);
}
