/** Amounts of resources as plain numbers: milli-cores for `cpu`, whole units (bytes, pieces) for all others. */
import { milliOf, unitsOf } from "../../runtime/schema/quantity.ts";

/** Resource name to amount; what is absent is zero. */
export type Amounts = Readonly<Record<string, number>>;

type QuantityList = Readonly<Record<string, string | number>>;

/** Rounded up, so that a pod never gets less than it asked for. */
export function amountsOf(list: QuantityList = {}): Record<string, number> {
  const amounts: Record<string, number> = {};
  for (const [name, quantity] of Object.entries(list)) {
    amounts[name] = name === "cpu" ? milliOf(quantity) : unitsOf(quantity);
  }
  return amounts;
}

/** Adds in place; `sign` -1 takes away. */
export function addAmounts(into: Record<string, number>, amounts: Amounts, sign: 1 | -1 = 1): void {
  for (const name in amounts) into[name] = (into[name] ?? 0) + sign * amounts[name]!;
}

/** The larger of each, in place. */
export function raiseAmounts(into: Record<string, number>, amounts: Amounts): void {
  for (const name in amounts) into[name] = Math.max(into[name] ?? 0, amounts[name]!);
}
