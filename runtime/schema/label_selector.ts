/**
 * Label selectors, as text (`app=web,tier in (a,b),!old,size>3`) and as objects (`matchLabels`, `matchExpressions`), made
 * into predicates once and asked many times.
 *
 * Laws: an undefined selector object matches nothing, an empty one everything; `!=` and `notin` match where the label is
 * absent. Source: API concepts, "Labels and Selectors".
 */
import { StatusError } from "./status_error.ts";
import { labelValueName, qualifiedName } from "./validation/names.ts";

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
    if (!known) throw badRequirement(`${JSON.stringify(operator)} is not a valid label selector operator`);
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

/** A clause that cannot be: unlike one that is in the wrong place, it is said to be a requirement. */
function badRequirement(detail: string): StatusError {
  return new StatusError("BadRequest", `unable to parse requirement: ${detail}`);
}

function misplaced(found: string, expected: string): StatusError {
  return new StatusError("BadRequest", `found '${found}', expected: ${expected}`);
}

/** The clauses of a selector's text. */
export function labelRequirements(text: string): LabelRequirement[] {
  const tokens = tokensOf(text);
  const requirements: LabelRequirement[] = [];
  const reader = new TokenReader(tokens);
  while (!reader.done) {
    if (!startsClause(reader.peek())) throw misplaced(reader.peek(), "!, identifier, or 'end of string'");
    requirements.push(readRequirement(reader));
    if (reader.done) break;
    if (!reader.skip(",")) throw misplaced(reader.peek(), "',' or 'end of string'");
    if (!startsClause(reader.peek())) throw misplaced(reader.peek(), "identifier after ','");
  }
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
const startsClause = (token: string) => token === "!" || isWord(token);

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
  throw badRequirement(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
}

function readKey(reader: TokenReader): string {
  const key = reader.next();
  if (!isWord(key)) throw badRequirement(`found '${key}', expected: identifier`);
  const faults = qualifiedName(key).map((fault) => fault.replace(/^a qualified name/, "a valid label key"));
  if (faults.length > 0) throw badRequirement(`<nil>: Invalid value: ${JSON.stringify(key)}: ${faults.join("; ")}`);
  return key;
}

/** A missing value is the empty one: `app=` asks for an empty label. */
function readValue(reader: TokenReader, key: string): string {
  if (reader.done || reader.peek() === ",") return "";
  const value = reader.next();
  if (!isWord(value)) throw badRequirement(`found '${value}', expected: identifier`);
  return checkedValue(value, key);
}

function checkedValue(value: string, key: string): string {
  const faults = labelValueName(value);
  if (faults.length === 0) return value;
  throw badRequirement(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}: ${faults.join("; ")}`);
}

/** The words are upstream's, where a comma is missing in the first of them. */
function readValues(reader: TokenReader, key: string): string[] {
  if (!reader.skip("(")) throw badRequirement(`found '${reader.peek()}' expected: '('`);
  const values = new Set<string>([readMember(reader, key)]);
  while (reader.skip(",")) values.add(readMember(reader, key));
  if (!reader.skip(")")) throw badRequirement(`found '${reader.peek()}', expected: ',' or ')'`);
  return [...values].sort();
}

function readMember(reader: TokenReader, key: string): string {
  return isWord(reader.peek()) ? checkedValue(reader.next(), key) : "";
}

function readInteger(reader: TokenReader, key: string): string {
  const value = readValue(reader, key);
  if (isInteger(value)) return value;
  const rule = "for 'Gt', 'Lt' operators, the value must be an integer";
  throw badRequirement(`values[0]: Invalid value: ${JSON.stringify(value)}: ${rule}`);
}
