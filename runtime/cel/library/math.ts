/** CEL's math and encoders extensions. */
import type { Budget } from "../budget.ts";
import { compareValues } from "../compare.ts";
import { EvaluationError } from "../issue.ts";
import { checkedInt } from "../operators.ts";
import { overload, overloads } from "../overload.ts";
import type { Value } from "../value.ts";

function best(sign: number) {
  return (...args: unknown[]): Value => {
    const budget = args.at(-1) as Budget;
    const values = args.slice(0, -1).flat() as Value[];
    if (values.length === 0) throw new EvaluationError("argument must not be an empty list");
    return values.reduce((found, value) => Math.sign(compareValues(value, found, budget)) === sign ? value : found);
  };
}

const numbers = ["int", "uint", "double"];
const extremes = [["math.least", -1], ["math.greatest", 1]] as const;

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new EvaluationError("illegal base64 data");
  }
}

function toBase64(bytes: Uint8Array, budget: Budget): string {
  budget.spendText(bytes.length);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

export const mathFunctions = [
  ...extremes.flatMap(([name, sign]) => [
    ...numbers.flatMap((type) => [
      overload(`"${name}"(${type}): ${type}`, best(sign)),
      overload(`"${name}"(list<${type}>): ${type}`, best(sign)),
    ]),
    ...numbers.flatMap((a) =>
      numbers.map((b) => overload(`"${name}"(${a}, ${b}): ${a === b ? a : "dyn"}`, best(sign)))
    ),
    ...[3, 4, 5].map((count) => overload(`"${name}"(${Array(count).fill("dyn").join(", ")}): dyn`, best(sign))),
  ]),
  ...overloads({
    '"math.abs"(int): int': (value: bigint) => checkedInt(value < 0n ? -value : value),
    '"math.abs"(double): double': (value: number) => Math.abs(value),
    '"math.ceil"(double): double': (value: number) => Math.ceil(value),
    '"math.floor"(double): double': (value: number) => Math.floor(value),
    '"math.round"(double): double': (value: number) => Math.sign(value) * Math.round(Math.abs(value)),
    '"math.trunc"(double): double': (value: number) => Math.trunc(value),
    '"math.sign"(int): int': (value: bigint) => BigInt(Math.sign(Number(value))),
    '"math.sign"(double): double': (value: number) => Math.sign(value),
    '"math.isNaN"(double): bool': (value: number) => Number.isNaN(value),
    '"math.isInf"(double): bool': (value: number) => Math.abs(value) === Infinity,
    '"math.isFinite"(double): bool': (value: number) => Number.isFinite(value),
    '"base64.decode"(string): bytes': (text: string, budget: Budget) => {
      budget.spendText(text.length);
      return fromBase64(text);
    },
    '"base64.encode"(bytes): string': toBase64,
  }),
];
