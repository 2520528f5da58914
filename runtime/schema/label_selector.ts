/**
 * Label selectors, as text (`app=web,tier in (a,b),!old,size>3`) and as objects (`matchLabels`, `matchExpressions`), made
 * into predicates once and asked many times.
 *
 * Laws: an undefined selector object matches nothing, an empty one everything; `!=` and `notin` match where the label is
 * absent. Source: API concepts, "Labels and Selectors".
 */
import { StatusError } from "./status_error.ts";

export type Labels = Readonly<Record<string, string>>;
export type LabelPredicate = (labels?: Labels) => boolean;

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** One clause of a selector. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: "in" | "notin" | "exists" | "!" | "gt" | "lt";
  readonly values: readonly string[];
}

const objectOperators: Readonly<Record<string, LabelRequirement["operator"]>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** `app=web,tier in (a,b)`; throws BadRequest in upstream's words. */
export function parseLabelSelector(text: string): LabelPredicate {
  return predicateOf(labelRequirements(text));
}

/** Undefined matches nothing, `{}` everything. Operators that do not exist throw BadRequest. */
export function compileLabelSelector(selector?: LabelSelector): LabelPredicate {
  if (!selector) return () => false;
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => requirement(key, "in", [value]));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    const known = objectOperators[operator];
    if (!known) throw badSelector(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return requirement(key, known, values);
  });
  return predicateOf([...exact, ...expressions]);
}

function requirement(key: string, operator: LabelRequirement["operator"], values: readonly string[]): LabelRequirement {
  return { key, operator, values };
}

function predicateOf(requirements: readonly LabelRequirement[]): LabelPredicate {
  const tests = requirements.map(testOf);
  return (labels = {}) => tests.every((test) => test(labels));
}

function testOf({ key, operator, values }: LabelRequirement): (labels: Labels) => boolean {
  const set = new Set(values);
  const has = (labels: Labels) => Object.hasOwn(labels, key);
  switch (operator) {
    case "in":
      return (labels) => has(labels) && set.has(labels[key]!);
    case "notin":
      return (labels) => !has(labels) || !set.has(labels[key]!);
    case "exists":
      return has;
    case "!":
      return (labels) => !has(labels);
    case "gt":
      return (labels) => has(labels) && isInteger(labels[key]!) && BigInt(labels[key]!) > BigInt(values[0]!);
    case "lt":
      return (labels) => has(labels) && isInteger(labels[key]!) && BigInt(labels[key]!) < BigInt(values[0]!);
  }
}

function isInteger(text: string): boolean {
  return /^-?\d{1,19}$/.test(text);
}

function badSelector(detail: string): StatusError {
  return new StatusError("BadRequest", `unable to parse requirement: ${detail}`);
}

/** The clauses of a selector's text. */
export function labelRequirements(text: string): LabelRequirement[] {
  const tokens = tokensOf(text);
  const requirements: LabelRequirement[] = [];
  if (tokens.length === 0) return requirements;
  const reader = new TokenReader(tokens);
  do requirements.push(readRequirement(reader)); while (reader.skip(","));
  if (!reader.done) throw badSelector(`found '${reader.peek()}', expected: ',' or 'end of string'`);
  return requirements;
}

function tokensOf(text: string): string[] {
  return text.match(/==|!=|[=!,()<>]|[^\s=!,()<>]+/g) ?? [];
}

class TokenReader {
  #at = 0;
  constructor(readonly tokens: readonly string[]) {}

  get done(): boolean {
    return this.#at >= this.tokens.length;
  }

  peek(): string {
    return this.tokens[this.#at] ?? "";
  }

  next(): string {
    return this.tokens[this.#at++] ?? "";
  }

  skip(token: string): boolean {
    if (this.peek() !== token || this.done) return false;
    this.#at++;
    return true;
  }
}

const isWord = (token: string) => token !== "" && !/^[=!,()<>]/.test(token);

function readRequirement(reader: TokenReader): LabelRequirement {
  if (reader.skip("!")) return requirement(readKey(reader), "!", []);
  const key = readKey(reader);
  if (reader.done || reader.peek() === ",") return requirement(key, "exists", []);
  const operator = reader.next();
  switch (operator) {
    case "=":
    case "==":
      return requirement(key, "in", [readValue(reader, key)]);
    case "!=":
      return requirement(key, "notin", [readValue(reader, key)]);
    case "in":
    case "notin":
      return requirement(key, operator, readValues(reader, key));
    case ">":
    case "<":
      return requirement(key, operator === ">" ? "gt" : "lt", [readInteger(reader, key)]);
  }
  throw badSelector(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
}

function readKey(reader: TokenReader): string {
  const key = reader.next();
  if (!isWord(key)) throw badSelector(`found '${key}', expected: !, identifier, or 'end of string'`);
  if (!isQualifiedName(key)) throw badSelector(`key: Invalid value: ${JSON.stringify(key)}: ${nameRule}`);
  return key;
}

const nameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
  "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
  "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const valueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
  "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

function isQualifiedName(key: string): boolean {
  const parts = key.split("/");
  const name = parts.at(-1)!;
  if (parts.length > 2 || !/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name) || name.length > 63) return false;
  return parts.length === 1 || /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(parts[0]!);
}

/** A missing value is the empty one: `app=` asks for an empty label. */
function readValue(reader: TokenReader, key: string): string {
  const value = isWord(reader.peek()) ? reader.next() : "";
  return checkedValue(value, key);
}

function checkedValue(value: string, key: string): string {
  if (value.length <= 63 && /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value)) return value;
  throw badSelector(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${valueRule}`);
}

function readValues(reader: TokenReader, key: string): string[] {
  if (!reader.skip("(")) throw badSelector(`found '${reader.peek()}' expected: '('`);
  const values = new Set<string>([readValue(reader, key)]);
  while (reader.skip(",")) values.add(readValue(reader, key));
  if (!reader.skip(")")) throw badSelector(`found '${reader.peek()}', expected: ',', or ')'`);
  return [...values].sort();
}

function readInteger(reader: TokenReader, key: string): string {
  const value = readValue(reader, key);
  if (isInteger(value)) return value;
  throw badSelector(
    `values[0][${key}]: Invalid value: ${
      JSON.stringify(value)
    }: for 'Gt', 'Lt' operators, the value must be an integer`,
  );
}
