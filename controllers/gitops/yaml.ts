/**
 * YAML as kubectl reads it (YAML 1.1 booleans and octals, `<<`), with the line of every document and field.
 *
 * Not for anything but manifests: values that JSON cannot carry are refused.
 */
import {
  boolYaml11Tag,
  CORE_SCHEMA,
  defineScalarTag,
  type Event,
  EVENT_ALIAS,
  EVENT_DOCUMENT,
  EVENT_MAPPING,
  EVENT_POP,
  EVENT_SCALAR,
  EVENT_SEQUENCE,
  getScalarValue,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
  YAMLException,
} from "js-yaml";
import type { FileError } from "./manifest_file.ts";

const integer = defineScalarTag<number>("tag:yaml.org,2002:int", {
  implicit: true,
  resolve: (source) => integerOf(source) ?? NOT_RESOLVED,
  identify: () => false,
});

/** `1_000`, `0755` and `0o755` (octal), `0x1f`, `0b11`: what Go's integer literals and kubectl's YAML have in common. */
function integerOf(source: string): number | undefined {
  const [, sign = "", digits] = /^([-+]?)(0b[01_]+|0o?[0-7_]+|0x[0-9a-f_]+|[1-9][0-9_]*|0)$/i.exec(source) ?? [];
  if (digits === undefined) return undefined;
  const plain = digits.replaceAll("_", "").toLowerCase().replace(/^0o?(?=[0-7])/, "0o");
  const value = Number(plain);
  return sign === "-" ? -value : value;
}

const float = defineScalarTag<number>("tag:yaml.org,2002:float", {
  implicit: true,
  resolve: (source) => floatOf(source) ?? NOT_RESOLVED,
  identify: () => false,
});

/** An exponent needs its sign: `1e3` is text to kubectl. What is no number to JSON is refused where it is found. */
function floatOf(source: string): number | undefined {
  const [, sign, name] = /^([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)$/.exec(source) ?? [];
  if (name) return name.toLowerCase() === "nan" ? NaN : sign === "-" ? -Infinity : Infinity;
  const plain = source.replaceAll("_", "");
  return /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+][0-9]+)?$/i.test(plain) ? Number(plain) : undefined;
}

const schema = CORE_SCHEMA.withTags(mergeTag, boolYaml11Tag, integer, float);

export interface YamlDocument {
  readonly value: unknown;
  /** Line of its first content, counted from 1. */
  readonly line: number;
  /** Line of a field such as `spec.ports[0].name`; of its nearest known parent when it is absent. */
  lineOf(field: string): number;
}

export type YamlResult = { readonly documents: readonly YamlDocument[] } | { readonly error: FileError };

export function readYaml(text: string): YamlResult {
  try {
    const values = loadAll(text, { schema });
    const lines = new LineIndex(text);
    const places = documentPlaces(text, lines);
    return { documents: values.map((value, index) => documentOf(value, places[index] ?? new Map())) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = (error.mark?.line ?? 0) + 1;
    return { error: { document: documentAt(text, line), line, message: error.reason } };
  }
}

function documentOf(value: unknown, places: ReadonlyMap<string, number>): YamlDocument {
  const line = places.get("") ?? 1;
  return { value, line, lineOf: (field) => nearest(field, places) ?? line };
}

function nearest(field: string, places: ReadonlyMap<string, number>): number | undefined {
  for (let path = field; path !== ""; path = path.replace(/(\.[^.[]*|\[[^\]]*\]|^[^.[]+)$/, "")) {
    const line = places.get(path);
    if (line !== undefined) return line;
  }
}

/** Documents that begin before a line that cannot be read. */
function documentAt(text: string, line: number): number {
  const before = text.split("\n").slice(0, line);
  const marks = before.filter((content) => /^---(\s|$)/.test(content)).length;
  const first = before.findIndex((content) => /^---(\s|$)/.test(content));
  const leads = before.slice(0, Math.max(0, first)).every((content) => /^\s*(#.*)?$/.test(content));
  return Math.max(1, marks + (marks > 0 && leads ? 0 : 1));
}

class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): number {
    let low = 0, high = this.#starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

/** For each document: path of a field to its line. The path "" is the document itself. */
function documentPlaces(text: string, lines: LineIndex): Map<string, number>[] {
  const events = parseEvents(text, {});
  const documents: Map<string, number>[] = [];
  for (let at = 0; at < events.length;) {
    if (events[at]!.type !== EVENT_DOCUMENT) break;
    const places = new Map<string, number>();
    documents.push(places);
    at = walk({ events, text, lines, places }, at + 1, "") + 1;
  }
  return documents;
}

interface Walk {
  readonly events: readonly Event[];
  readonly text: string;
  readonly lines: LineIndex;
  readonly places: Map<string, number>;
}

/** Notes the node that begins at `at`; returns the index after it. */
function walk(world: Walk, at: number, path: string): number {
  const event = world.events[at];
  if (!event || event.type === EVENT_POP) return at;
  note(world, event, path);
  if (event.type === EVENT_MAPPING) return walkMapping(world, at + 1, path);
  if (event.type === EVENT_SEQUENCE) return walkSequence(world, at + 1, path);
  return at + 1;
}

function note({ lines, places }: Walk, event: Event, path: string): void {
  if (places.has(path)) return;
  if (event.type === EVENT_SCALAR) places.set(path, lines.at(Math.max(0, event.valueStart)));
  else if (event.type === EVENT_ALIAS) places.set(path, lines.at(event.anchorStart));
  else if (event.type === EVENT_MAPPING || event.type === EVENT_SEQUENCE) places.set(path, lines.at(event.start));
}

function walkMapping(world: Walk, start: number, path: string): number {
  let at = start;
  while (world.events[at] && world.events[at]!.type !== EVENT_POP) {
    const key = world.events[at]!;
    const name = key.type === EVENT_SCALAR ? getScalarValue(world.text, key) : "?";
    const inner = path ? `${path}.${name}` : name;
    // The line of the key is where a reader looks.
    note(world, key, inner);
    at = walk(world, walk(world, at, `${inner}#key`), inner);
  }
  return at + 1;
}

function walkSequence(world: Walk, start: number, path: string): number {
  let at = start;
  for (let index = 0; world.events[at] && world.events[at]!.type !== EVENT_POP; index++) {
    at = walk(world, at, `${path}[${index}]`);
  }
  return at + 1;
}
