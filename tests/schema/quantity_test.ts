/** Quantities: upstream's canonical forms, and the laws stated in `quantity.ts`. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  canonicalQuantity,
  compareQuantities,
  milliOf,
  parseQuantity,
  unitsOf,
} from "../../runtime/schema/quantity.ts";

const canonical: [string | number, string][] = [
  ["0.5", "500m"],
  ["1000m", "1"],
  ["1024Mi", "1Gi"],
  ["1.5Gi", "1536Mi"],
  ["0.1Ki", "102400m"],
  ["100Ki", "100Ki"],
  ["1e3", "1e3"],
  ["12e6", "12e6"],
  ["3000000u", "3"],
  ["1000", "1k"],
  ["0Gi", "0"],
  ["-1500m", "-1500m"],
  ["0.0000000001", "1n"],
  [2, "2"],
];

Deno.test("a quantity prints in the form that upstream prints", () => {
  for (const [text, expected] of canonical) assert.equal(canonicalQuantity(text), expected, String(text));
});

Deno.test("what is no quantity is refused in upstream's words", () => {
  for (const text of ["", "x", "1.2.3", "1 Gi", "Gi", "1kb", "--1", "1e", "9".repeat(1000)]) {
    assert.throws(() => parseQuantity(text), { name: "RangeError", message: /^quantities must match the regular/ });
  }
});

Deno.test("amounts beyond every number neither hang nor overflow", () => {
  assert.equal(unitsOf("1e999999999"), 2 ** 63);
  assert.equal(milliOf("1e-999999999"), 1);
});

Deno.test("thousandths and units are rounded up", () => {
  assert.equal(milliOf("0.1"), 100);
  assert.equal(milliOf("1n"), 1);
  assert.equal(unitsOf("1.2Ki"), 1229);
});

const quantities = fc.tuple(
  fc.integer({ min: -99999, max: 99999 }),
  fc.constantFrom("", "n", "u", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "e-2"),
).map(([amount, suffix]) => `${amount}${suffix}`);

Deno.test("law: a canonical text is its own canonical text and means the same amount", () => {
  fc.assert(fc.property(quantities, (text) => {
    const once = canonicalQuantity(text);
    assert.equal(canonicalQuantity(once), once);
    assert.equal(compareQuantities(once, text), 0);
  }));
});

Deno.test("law: quantities are ordered as their amounts are", () => {
  fc.assert(fc.property(quantities, quantities, (a, b) => {
    assert.equal(Math.sign(compareQuantities(a, b)), -Math.sign(compareQuantities(b, a)));
    assert.equal(compareQuantities(a, b) < 0, parseQuantity(a).nano < parseQuantity(b).nano);
  }));
});
