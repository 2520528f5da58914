/**
 * Quantities of resources: `500m`, `1.5Gi`, `1e3`. Exact, in nano-units, as upstream keeps them: what is finer is rounded
 * up (away from zero), what is larger than 2^63-1 is capped.
 *
 * Laws: parsing a canonical text and printing it gives it back; equal amounts of one format print equally; order of
 * quantities is order of amounts. Source: API conventions, "Quantity" (apimachinery/pkg/api/resource).
 */

export interface Quantity {
  /** Amount in 10^-9. */
  readonly nano: bigint;
  /** How it was written, and so how it prints. */
  readonly format: "DecimalSI" | "BinarySI" | "DecimalExponent";
}

const nanos = 1_000_000_000n;
const maxNano = (2n ** 63n - 1n) * nanos;
const pattern = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,9}))?$/;
const regexpInWords = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const decimalExponents: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/** Longer than anything that means something, short enough for exact arithmetic on a hostile text. */
const maxDigits = 256;

/** A pod's few amounts are asked about by defaults, validation, quotas and the scheduler. */
const known = new Map<string | number, Quantity>();
const mostKnown = 1024;

/** Throws RangeError in upstream's words when the text is no quantity. */
export function parseQuantity(text: string | number): Quantity {
  const found = known.get(text);
  if (found) return found;
  const made = parse(text);
  if (known.size >= mostKnown) known.clear();
  known.set(text, made);
  return made;
}

function parse(text: string | number): Quantity {
  const match = pattern.exec(String(text));
  const [, sign = "", whole = "", fraction = "", suffix = "", exponent] = match ?? [];
  if (!match || whole + fraction === "" || whole.length + fraction.length > maxDigits) {
    throw new RangeError(regexpInWords);
  }
  const digits = BigInt(whole + fraction);
  const amount = capped(scaled(digits, fraction.length, suffix, exponent));
  return { nano: sign === "-" ? -amount : amount, format: formatOf(suffix, exponent) };
}

function formatOf(suffix: string, exponent: string | undefined): Quantity["format"] {
  if (exponent !== undefined) return "DecimalExponent";
  return suffix.endsWith("i") ? "BinarySI" : "DecimalSI";
}

function scaled(digits: bigint, decimals: number, suffix: string, exponent: string | undefined): bigint {
  if (suffix.endsWith("i")) {
    const power = 1024n ** BigInt(binarySuffixes.indexOf(suffix));
    return shift(digits * power, 9 - decimals);
  }
  return shift(digits, 9 - decimals + (exponent === undefined ? decimalExponents[suffix] ?? 0 : Number(exponent)));
}

/** `amount * 10^power`, rounded up. Powers beyond every amount stop early, so that `1e999999999` costs nothing. */
function shift(amount: bigint, power: number): bigint {
  if (amount === 0n) return 0n;
  if (power >= 0) return amount * 10n ** BigInt(Math.min(power, 64));
  return divideUp(amount, 10n ** BigInt(Math.min(-power, 2 * maxDigits)));
}

function divideUp(amount: bigint, by: bigint): bigint {
  return amount % by > 0n ? amount / by + 1n : amount / by;
}

function capped(amount: bigint): bigint {
  return amount > maxNano ? maxNano : amount;
}

/** Amount in thousandths, rounded up: `0.1` is 100. */
export function milliOf(text: string | number): number {
  return Number(divideUp(parseQuantity(text).nano, 1_000_000n));
}

/** Amount in whole units (bytes, pods), rounded up. */
export function unitsOf(text: string | number): number {
  return Number(divideUp(parseQuantity(text).nano, nanos));
}

/** Below 0 when `a` is less than `b`, 0 when they are the same amount. */
export function compareQuantities(a: string | number, b: string | number): number {
  const difference = parseQuantity(a).nano - parseQuantity(b).nano;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** One to three digits with one of these suffixes are canonical already, and most quantities are such. */
const alreadyCanonical = /^(?:[1-9]\d{0,2}(?:m|Ki|Mi|Gi)?|0)$/;

/** The text that upstream prints: `1000m` is `1`, `0.5` is `500m`, `1024Mi` is `1Gi`. Throws as parseQuantity does. */
export function canonicalQuantity(text: string | number): string {
  return typeof text === "string" && alreadyCanonical.test(text) ? text : formatQuantity(parseQuantity(text));
}

export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return "0";
  const amount = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? "-" : "";
  // Binary suffixes begin at 1024; below it a fraction or a small number prints as a decimal.
  if (format === "BinarySI" && amount >= 1024n * nanos) return sign + binaryText(amount);
  return sign + decimalText(amount, format === "DecimalExponent");
}

function binaryText(amount: bigint): string {
  let units = divideUp(amount, nanos);
  let step = 0;
  while (step < binarySuffixes.length - 1 && units % 1024n === 0n) {
    units /= 1024n;
    step++;
  }
  return `${units}${binarySuffixes[step]}`;
}

function decimalText(amount: bigint, exponent: boolean): string {
  let step = 0;
  while (step < decimalSuffixes.length - 1 && amount % 1000n === 0n) {
    amount /= 1000n;
    step++;
  }
  const power = step * 3 - 9;
  if (!exponent) return `${amount}${decimalSuffixes[step]}`;
  return power === 0 ? String(amount) : `${amount}e${power}`;
}
