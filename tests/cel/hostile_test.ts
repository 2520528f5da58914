/** Expressions that would run for ever, fill the memory or overflow the stack end with an error instead. */
import assert from "node:assert/strict";
import { Budget, compile, dyn, jsonOf, listOf, string, viewOf } from "../../runtime/cel/mod.ts";

const many = Array.from({ length: 1000 }, (_, i) => `item-${i}`);

function run(text: string): unknown {
  const budget = new Budget(1_000_000);
  const program = compile(text, { variables: { list: listOf(string), any: dyn } });
  return jsonOf(program.run((name) => name === "list" ? viewOf(many, listOf(string)) : undefined, budget), budget);
}

/** `cel.bind(x1, f(x0), cel.bind(x2, f(x1), ...))` */
function nested(depth: number, start: string, grow: (name: string) => string, end: (name: string) => string): string {
  let text = end(`x${depth}`);
  for (let i = depth; i > 0; i--) text = `cel.bind(x${i}, ${grow(`x${i - 1}`)}, ${text})`;
  return `cel.bind(x0, ${start}, ${text})`;
}

const bombs: Readonly<Record<string, string>> = {
  "loops in loops": "list.all(a, list.all(b, list.all(c, a != b + c)))",
  "texts that double": nested(60, "'0123456789'", (x) => `${x} + ${x}`, (x) => `${x}.size() > 0`),
  "lists that double": nested(60, "[1]", (x) => `${x} + ${x}`, (x) => `${x}.size() > 0`),
  "one list held twice at each level, printed": nested(
    60,
    "[1, 1]",
    (x) => `[${x}, ${x}]`,
    (x) => `'%s'.format([${x}])`,
  ),
  "one list held twice at each level, answered": nested(60, "[1, 1]", (x) => `[${x}, ${x}]`, (x) => x),
  "a long range": "lists.range(9223372036854775807).size() > 0",
  "a text searched at every place": "list.map(a, list.map(b, list.join().contains(list.join() + b))).size() > 0",
  "texts that grow by replacing": nested(
    30,
    "'aaaaaaaaaa'",
    (x) => `${x}.replace('a', 'aaaaaaaaaa')`,
    (x) => `${x} == ''`,
  ),
};

for (const [name, text] of Object.entries(bombs)) {
  Deno.test(`${name}: the budget ends it`, () => {
    assert.throws(() => run(text), { name: "CostError" });
  });
}

Deno.test("nothing in an expression swallows the end of the budget", () => {
  assert.throws(() => run(`(${bombs["loops in loops"]}) || true`), { name: "CostError" });
  assert.throws(() => run(`list.exists(x, ${bombs["loops in loops"]})`), { name: "CostError" });
});

Deno.test("nesting is refused before it overflows the stack, long chains of && and || are not nesting", () => {
  for (
    const text of [
      "(".repeat(50_000),
      "[".repeat(50_000),
      "!".repeat(50_000),
      "1" + "+1".repeat(40_000),
      "a" + ".a".repeat(40_000),
    ]
  ) {
    assert.throws(() => run(text), { name: "CompileError" });
  }
  assert.equal(run(Array(5000).fill("true").join(" && ")), true);
  assert.throws(() => run("'x' == 'y' ".repeat(20_000)), { name: "CompileError" });
});

Deno.test("catastrophic patterns match in linear time and huge ones are refused", () => {
  assert.equal(run(`'${"a".repeat(5000)}!'.matches('^(a+)+$')`), false);
  assert.equal(run(`'${"a".repeat(2000)}'.matches('(a|aa)*b')`), false);
  assert.throws(() => run("'a'.matches('((a{1000}){1000}){1000}')"), { name: "CompileError" });
  assert.throws(() => run(`list.map(x, list.map(y, '${"a".repeat(1000)}'.matches('(x+x+)+y'))).size() > 0`), {
    name: "CostError",
  });
});
