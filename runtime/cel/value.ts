/**
 * Values of expressions. Integers are BigInt, doubles are numbers; JSON is read in place, through views that give every
 * field the type that its schema declares, so that nothing is copied that no expression looks at.
 */
import type { CelType, ObjectType } from "./cel_type.ts";
import { EvaluationError } from "./issue.ts";

export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | readonly Value[]
  | MapValue
  | ObjectValue
  | Optional
  | TypeValue
  | Opaque;

export class Uint {
  constructor(readonly value: bigint) {}
}

const nanosPerSecond = 1_000_000_000n;

/** Nanoseconds since 1970. */
export class Timestamp {
  constructor(readonly nanos: bigint) {}

  get date(): Date {
    return new Date(Number(this.nanos / 1_000_000n));
  }

  toString(): string {
    const fraction = ((this.nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
    const digits = fraction === 0n ? "" : `.${String(fraction).padStart(9, "0").replace(/0+$/, "")}`;
    return this.date.toISOString().replace(/\.\d+Z$/, `${digits}Z`);
  }
}

/** Nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}

  toString(): string {
    const negative = this.nanos < 0n;
    const nanos = negative ? -this.nanos : this.nanos;
    const fraction = nanos % nanosPerSecond;
    const digits = fraction === 0n ? "" : `.${String(fraction).padStart(9, "0").replace(/0+$/, "")}`;
    return `${negative ? "-" : ""}${nanos / nanosPerSecond}${digits}s`;
  }
}

export class Optional {
  static readonly none = new Optional(undefined);

  constructor(readonly value: Value | undefined) {}
}

export class TypeValue {
  constructor(readonly name: string) {}
}

/** A value that only functions look into: a quantity, an IP address, a URL, an authorizer. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: Opaque): boolean;
}

export type MapKey = string | boolean | bigint | Uint;

/** Built by an expression, or JSON with free keys. */
export class MapValue {
  readonly #entries = new Map<string, readonly [MapKey, Value]>();

  static of(entries: Iterable<readonly [MapKey, Value]>): MapValue {
    const map = new MapValue();
    for (const [key, value] of entries) map.set(key, value);
    return map;
  }

  set(key: MapKey, value: Value): void {
    this.#entries.set(keyText(key), [key, value]);
  }

  get(key: Value): Value | undefined {
    return isKey(key) ? this.#entries.get(keyText(key))?.[1] : undefined;
  }

  keys(): MapKey[] {
    return [...this.#entries.values()].map(([key]) => key);
  }

  entries(): (readonly [MapKey, Value])[] {
    return [...this.#entries.values()];
  }

  get size(): number {
    return this.#entries.size;
  }
}

export function isKey(value: Value): value is MapKey {
  return typeof value === "string" || typeof value === "boolean" || typeof value === "bigint" || value instanceof Uint;
}

/** Numbers are one key, signed or not. */
function keyText(key: MapKey): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "boolean") return `b${key}`;
  return `n${key instanceof Uint ? key.value : key}`;
}

/** A view of a JSON object with declared fields. */
export class ObjectValue {
  readonly #seen = new Map<string, Value>();

  constructor(readonly json: Readonly<Record<string, unknown>>, readonly type: ObjectType) {}

  /** By name as expressions write it; `undefined`: it is declared or not, and absent. */
  get(name: string): Value | undefined {
    const known = this.#seen.get(name);
    if (known !== undefined) return known;
    const field = this.type.field(name);
    const json = field && (Object.hasOwn(this.json, field.property) ? this.json[field.property] : undefined);
    if (json === undefined || json === null && field!.type.kind !== "plain") return undefined;
    const value = viewOf(json, field!.type);
    this.#seen.set(name, value);
    return value;
  }
}

/** An object whose fields are made when an expression asks for them. */
export class LazyObject extends ObjectValue {
  constructor(type: ObjectType, private readonly make: (name: string) => Value | undefined) {
    super({}, type);
  }

  override get(name: string): Value | undefined {
    return this.make(name);
  }
}

/** JSON, seen as a value of its declared type. */
export function viewOf(json: unknown, type: CelType): Value {
  if (json === null || json === undefined) return null;
  if (Array.isArray(json)) {
    const item = type.kind === "list" ? type.item : dynamic;
    return json.map((one) => viewOf(one, item));
  }
  if (typeof json === "object") return objectView(json as Record<string, unknown>, type);
  if (type.kind !== "plain") return scalar(json);
  return plainViews[type.name]?.(json) ?? scalar(json);
}

const dynamic: CelType = { kind: "plain", name: "dyn" };

function objectView(json: Record<string, unknown>, type: CelType): Value {
  if (type.kind === "object") return new ObjectValue(json, type);
  const inner = type.kind === "map" ? type.value : dynamic;
  const map = new MapValue();
  for (const key of Object.keys(json)) map.set(key, viewOf(json[key], inner));
  return map;
}

function scalar(json: unknown): Value {
  if (typeof json === "number") return Number.isInteger(json) ? BigInt(json) : json;
  return json as string | boolean;
}

const plainViews: Readonly<Record<string, (json: unknown) => Value | undefined>> = {
  double: (json) => typeof json === "number" ? json : undefined,
  uint: (json) => typeof json === "number" ? new Uint(BigInt(json)) : undefined,
  bytes: (json) => typeof json === "string" ? Uint8Array.from(atob(json), (c) => c.charCodeAt(0)) : undefined,
  "google.protobuf.Timestamp": (json) => typeof json === "string" ? parseTimestamp(json) : undefined,
  "google.protobuf.Duration": (json) => typeof json === "string" ? parseDuration(json) : undefined,
};

const timePattern = /^(\d{4}-\d{2}-\d{2})(?:[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2}))?$/;

/** RFC 3339, or a date alone. Throws EvaluationError. */
export function parseTimestamp(text: string): Timestamp {
  const [, day, time = "00:00:00", fraction = "", zone = "Z"] = timePattern.exec(text) ?? [];
  const ms = day ? Date.parse(`${day}T${time}${zone.toUpperCase()}`) : NaN;
  if (Number.isNaN(ms)) throw new EvaluationError(`parsing time ${JSON.stringify(text)}: cannot parse as RFC 3339`);
  return new Timestamp(BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0") || "0"));
}

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: nanosPerSecond,
  m: 60n * nanosPerSecond,
  h: 3600n * nanosPerSecond,
};

/** Go's form: `1h30m`, `-1.5s`. Throws EvaluationError. */
export function parseDuration(text: string): Duration {
  const sign = text.startsWith("-") ? -1n : 1n;
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return new Duration(0n);
  const parts = [...body.matchAll(/(\d+)(?:\.(\d{0,18}))?(ns|us|µs|μs|ms|s|m|h)/gy)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== body.length || body.length > 64) {
    throw new EvaluationError(`time: invalid duration ${JSON.stringify(text)}`);
  }
  const nanos = parts.reduce((sum, [, whole, fraction = "", unit]) => {
    const size = units[unit!]!;
    return sum + BigInt(whole!) * size + (fraction ? BigInt(fraction) * size / 10n ** BigInt(fraction.length) : 0n);
  }, 0n);
  return new Duration(sign * nanos);
}
