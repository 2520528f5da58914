/** Amounts of pods are counted in thousandths. */
import { formatQuantity, parseQuantity } from "../quantity.ts";

const milli = 1_000_000n;

/** In place. Only amounts with a suffix below `m` say less than a thousandth: they are canonical already. */
export function roundUp(amounts: Record<string, string | number> | undefined): void {
  for (const name in amounts) {
    const text = amounts[name];
    if (typeof text !== "string" || !/[nu]$/.test(text)) continue;
    const { nano, format } = parseQuantity(text);
    amounts[name] = formatQuantity({ nano: (nano + (nano > 0n ? milli - 1n : 0n)) / milli * milli, format });
  }
}
