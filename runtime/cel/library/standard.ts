/** CEL's own functions: sizes, conversions, times. Source: CEL specification, "List of standard definitions". */
import type { Budget } from "../budget.ts";
import { typeNameOf } from "../compare.ts";
import { EvaluationError } from "../issue.ts";
import { checkedInt, checkedUint } from "../operators.ts";
import { overloads } from "../overload.ts";
import {
  Duration,
  type MapValue,
  ObjectValue,
  parseDuration,
  parseTimestamp,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from "../value.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** In code points. */
function textSize(text: string, budget: Budget): bigint {
  budget.spendText(text.length);
  let count = 0n;
  for (const _ of text) count++;
  return count;
}

const lengthOf = (items: { length: number }) => BigInt(items.length);
const mapSize = (map: MapValue | ObjectValue) =>
  BigInt(map instanceof ObjectValue ? Object.keys(map.json).length : map.size);

function intOf(text: string): bigint {
  if (/^[+-]?\d{1,20}$/.test(text)) return checkedInt(BigInt(text));
  throw new EvaluationError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function uintOf(text: string): Uint {
  if (/^\d{1,20}$/.test(text)) return checkedUint(BigInt(text));
  throw new EvaluationError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function doubleOf(text: string): number {
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?(inf|infinity|nan)$/i.test(text)) {
    return /nan/i.test(text) ? NaN : text.startsWith("-") ? -Infinity : Infinity;
  }
  throw new EvaluationError(`strconv.ParseFloat: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 63) throw new EvaluationError("integer overflow");
  return BigInt(Math.trunc(value));
}

/** As Go prints it: whole numbers without a point, an exponent only where it is long. */
export function doubleText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

function boolOf(text: string): boolean {
  if (["1", "t", "T", "true", "TRUE", "True"].includes(text)) return true;
  if (["0", "f", "F", "false", "FALSE", "False"].includes(text)) return false;
  throw new EvaluationError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new EvaluationError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

const identity = (value: Value) => value;

/** The date and time parts in UTC, or in a zone given as `+02:00` or by name. */
function part(name: Intl.DateTimeFormatPartTypes, ms: number, zone: string): number {
  const options = { timeZone: zone, hourCycle: "h23", [name]: "numeric" } as Intl.DateTimeFormatOptions;
  try {
    const found = new Intl.DateTimeFormat("en-US", options).formatToParts(ms).find(({ type }) => type === name);
    return Number(found!.value);
  } catch {
    throw new EvaluationError(`unknown time zone ${zone}`);
  }
}

type Part = (time: Timestamp, zone: string) => bigint;

function dayNumber(time: Timestamp, zone: string): number {
  const ms = time.date.getTime();
  return Date.UTC(part("year", ms, zone), part("month", ms, zone) - 1, part("day", ms, zone));
}

function dayOfYear(time: Timestamp, zone: string): bigint {
  const day = new Date(dayNumber(time, zone));
  return BigInt((day.getTime() - Date.UTC(day.getUTCFullYear(), 0, 1)) / 86_400_000);
}

function field(name: Intl.DateTimeFormatPartTypes, offset = 0): Part {
  return (time, zone) => BigInt(part(name, time.date.getTime(), zone) + offset);
}

const parts: Readonly<Record<string, Part>> = {
  getFullYear: field("year"),
  getMonth: field("month", -1),
  getDate: field("day"),
  getDayOfMonth: field("day", -1),
  getDayOfWeek: (time, zone) => BigInt(new Date(dayNumber(time, zone)).getUTCDay()),
  getDayOfYear: dayOfYear,
  getHours: field("hour"),
  getMinutes: field("minute"),
  getSeconds: field("second"),
  getMilliseconds: (time) => time.nanos / 1_000_000n % 1000n,
};

const timeParts = Object.fromEntries(
  Object.entries(parts).flatMap(([name, read]) => [
    [`timestamp.${name}(): int`, (time: Timestamp) => read(time, "UTC")],
    [`timestamp.${name}(string): int`, (time: Timestamp, zone: string) => read(time, zone)],
  ]),
);

export const standardFunctions = overloads({
  "size(string): int": textSize,
  "size(bytes): int": lengthOf,
  "size(list<T>): int": lengthOf,
  "size(map<K, V>): int": mapSize,
  "string.size(): int": textSize,
  "bytes.size(): int": lengthOf,
  "list<T>.size(): int": lengthOf,
  "map<K, V>.size(): int": mapSize,
  "int(int): int": identity,
  "int(uint): int": ({ value }: Uint) => checkedInt(value),
  "int(double): int": truncated,
  "int(string): int": intOf,
  "int(timestamp): int": ({ nanos }: Timestamp) => nanos / 1_000_000_000n,
  "int(duration): int": ({ nanos }: Duration) => nanos,
  "uint(uint): uint": identity,
  "uint(int): uint": checkedUint,
  "uint(double): uint": (value: number) => checkedUint(truncated(value)),
  "uint(string): uint": uintOf,
  "double(double): double": identity,
  "double(int): double": Number,
  "double(uint): double": ({ value }: Uint) => Number(value),
  "double(string): double": doubleOf,
  "bool(bool): bool": identity,
  "bool(string): bool": boolOf,
  "string(string): string": identity,
  "string(bool): string": String,
  "string(int): string": String,
  "string(uint): string": ({ value }: Uint) => String(value),
  "string(double): string": doubleText,
  "string(bytes): string": textOf,
  "string(timestamp): string": String,
  "string(duration): string": String,
  "bytes(bytes): bytes": identity,
  "bytes(string): bytes": (text: string, budget: Budget) => {
    budget.spendText(text.length);
    return encoder.encode(text);
  },
  "timestamp(timestamp): timestamp": identity,
  "timestamp(string): timestamp": parseTimestamp,
  "timestamp(int): timestamp": (seconds: bigint) => new Timestamp(seconds * 1_000_000_000n),
  "duration(duration): duration": identity,
  "duration(string): duration": parseDuration,
  "duration(int): duration": (nanos: bigint) => new Duration(nanos),
  "dyn(T): dyn": identity,
  "type(T): type<T>": (value: Value) => new TypeValue(typeNameOf(value)),
  "duration.getHours(): int": ({ nanos }: Duration) => nanos / 3_600_000_000_000n,
  "duration.getMinutes(): int": ({ nanos }: Duration) => nanos / 60_000_000_000n,
  "duration.getSeconds(): int": ({ nanos }: Duration) => nanos / 1_000_000_000n,
  "duration.getMilliseconds(): int": ({ nanos }: Duration) => nanos / 1_000_000n % 1000n,
  ...timeParts,
});
