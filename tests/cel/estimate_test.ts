/** What expressions are estimated at before they run: bounded by what they look at, and never less for more. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bound, compile, dyn, listOf, manyOf, string, textOf } from "../../runtime/cel/mod.ts";

const expressions = [
  "list.all(a, a.startsWith('x'))",
  "list.all(a, list.exists(b, a == b))",
  "list.filter(a, a != '').map(a, a + a).join(',').size() < 10",
  "list.sortBy(a, a).distinct().size() == list.size()",
  "list.exists_one(a, a.matches('^[a-z]+$')) && !('x' in list)",
  "list.map(a, a.split('-')).all(parts, parts.all(p, p.lowerAscii() == p))",
  "list.all(i, a, i == 0 || list[i - 1] < a)",
  "cel.bind(all, list.join(), all.contains('x') ? all.replace('x', 'yy') : all).size() > 0",
  "list.all(a, url(a).getHost().size() < 100 || quantity(a).isGreaterThan(quantity('1')))",
];

const costs = expressions.map((text) => compile(text, { variables: { list: listOf(string), other: dyn } }));
const bounds = (items: number, characters: number): (name: string) => Bound | undefined => (name) =>
  name === "list" ? manyOf(items, textOf(characters)) : undefined;

Deno.test("more items and longer texts never lower an estimate", () => {
  const size = fc.nat(1000);
  fc.assert(
    fc.property(fc.constantFrom(...costs), size, size, size, size, (program, items, characters, more, longer) => {
      const small = program.cost(bounds(items, characters));
      assert.ok(program.cost(bounds(items + more, characters + longer)) >= small);
    }),
    { seed: 4 },
  );
});

Deno.test("a loop in a loop costs as the product of both", () => {
  const [, nested] = costs;
  const ratio = nested!.cost(bounds(1000, 10)) / nested!.cost(bounds(100, 10));
  assert.ok(ratio > 90 && ratio < 110, `${ratio}`);
});
