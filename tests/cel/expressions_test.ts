/** What expressions come to: recorded facts of CEL's specification and Kubernetes' documentation of its libraries. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Budget, compile, dyn, jsonOf, type Value, viewOf } from "../../runtime/cel/mod.ts";

const self = {
  name: "web",
  replicas: 3,
  ratio: 0.5,
  tags: ["a", "b", "c"],
  ports: [{ name: "http", port: 80 }, { name: "https", port: 443 }],
  labels: { app: "web", "k8s.io/x": "y" },
  nothing: null,
};

function run(text: string, budget = new Budget(1_000_000)): unknown {
  const program = compile(text, { variables: { self: dyn } });
  const value = program.run((name) => name === "self" ? viewOf(self, dyn) : undefined, budget);
  return jsonOf(value as Value, budget);
}

const facts: Readonly<Record<string, unknown>> = {
  // Arithmetic, order, logic.
  "1 + 2 * 3 - 4 / 2": 5,
  "7 % 3 == 1 && -7 % 3 == -1": true,
  "1.5 + 1.5 == 3.0": true,
  "0x1F == 31 && 3u == 3u": true,
  "'a' < 'b' && 1 < 2.5 && 2u > 1": true,
  "true || 1 / 0 > 1": true,
  "1 / 0 > 1 || true": true,
  "false && 1 / 0 > 1": false,
  "self.replicas > 2 ? 'many' : 'few'": "many",
  "self.ports.sortBy(p, -p.port).map(p, p.name)": ["https", "http"],
  "optional.unwrap([optional.of(1), optional.none()]) + [optional.of(2)].unwrapOpt()": [1, 2],
  // Fields.
  "has(self.name) && !has(self.other)": true,
  "self.labels['k8s.io/x']": "y",
  "'app' in self.labels && !('b' in self.labels)": true,
  "self.?other.orValue('none')": "none",
  "self.?labels.?app.orValue('none')": "web",
  "self.labels[?'zz'].hasValue()": false,
  "[1, ?optional.none(), ?optional.of(3)]": [1, 3],
  "{'a': 1, ?'b': optional.none()}": { a: 1 },
  "optional.of(2).optMap(x, x * 2).value()": 4,
  // Macros.
  "self.ports.all(p, p.port > 0) && self.ports.exists(p, p.name == 'http')": true,
  "self.ports.exists_one(p, p.port == 80)": true,
  "self.ports.map(p, p.port)": [80, 443],
  "self.ports.map(p, p.port > 100, p.name)": ["https"],
  "self.ports.filter(p, p.port > 100).size()": 1,
  "self.labels.all(k, k != '')": true,
  "self.tags.all(i, v, i < 3 && v != '')": true,
  "self.tags.transformList(i, v, string(i) + v)": ["0a", "1b", "2c"],
  "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 10)": { b: 20 },
  "cel.bind(x, self.replicas * 2, x + x)": 12,
  "[1, 2, 3].exists(x, x / 0 > 1 || x == 3)": true,
  // Texts.
  "'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')": true,
  "'a,b,c'.split(',')": ["a", "b", "c"],
  "['a', 'b'].join('-')": "a-b",
  "'ABC'.lowerAscii() + 'xyz'.upperAscii()": "abcXYZ",
  "'tacocat'.substring(4) + 'tacocat'.substring(0, 4)": "cattaco",
  "'hello'.replace('l', 'L', 1)": "heLlo",
  "'héllo'.size() == 5 && 'héllo'.indexOf('l') == 2": true,
  "'%s has %d of %.1f'.format(['a', 3, 2.55])": "a has 3 of 2.5",
  "'%s'.format([[1, 'x', true]])": "[1, x, true]",
  "'abc-123'.matches('^[a-z]+-[0-9]+$')": true,
  "'abc 123'.find('[0-9]+')": "123",
  "'1 22 333'.findAll('[0-9]+', 2)": ["1", "22"],
  // Lists.
  "[1, 3, 5].isSorted() && ![3, 1].isSorted()": true,
  "[1, 2, 3].sum() == 6 && [1.5, 0.5].sum() == 2.0": true,
  "[3, 1, 2].min() == 1 && [3, 1, 2].max() == 3": true,
  "['a', 'b', 'b'].indexOf('b') == 1 && ['a', 'b', 'b'].lastIndexOf('b') == 2": true,
  "[1, 2, 2, 3].distinct().reverse()": [3, 2, 1],
  "sets.contains([1, 2, 3], [2, 3]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])": true,
  "math.greatest(1, 5) + math.least([2, 3])": 7,
  // Kubernetes' types.
  "quantity('1.5Gi').isGreaterThan(quantity('1500M'))": true,
  "quantity('50k').add(20).compareTo(quantity('50020')) == 0": true,
  "isQuantity('1.3Gi') && !isQuantity('200K')": true,
  "url('https://user@[::1]:80/a?k=v&k=w').getHost()": "[::1]:80",
  "url('https://[::1]:80/a').getHostname() + url('https://a:80/').getPort()": "::180",
  "url('https://a/p?k=v&k=w').getQuery()": { k: ["v", "w"] },
  "isURL('../up') || isURL('a b')": false,
  "ip('192.168.0.1').family() == 4 && ip('::1').isLoopback() && isIP('1.2.3') == false": true,
  "ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')": true,
  "isIP('::ffff:1.2.3.4')": false,
  "cidr('192.168.0.0/24').containsIP('192.168.0.7') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))": true,
  "string(cidr('192.168.1.7/24').masked())": "192.168.1.0/24",
  "semver('1.2.3-alpha.1').isLessThan(semver('1.2.3')) && isSemver('v1.2', true)": true,
  "format.dns1123Label().validate('My-Name').hasValue()": true,
  "!format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()": true,
  "duration('1h30m') > duration('45m') && duration('90s').getMinutes() == 1": true,
  "timestamp('2024-02-29T10:00:00Z').getDayOfMonth() == 28": true,
  "string(timestamp('2024-02-29T23:00:00Z') + duration('2h'))": "2024-03-01T01:00:00Z",
  "type(1) == int && type('a') == string && type([]) == list": true,
  "base64.decode('aGk=') == b'hi'": true,
};

Deno.test("expressions come to what the specification says", () => {
  for (const [text, wanted] of Object.entries(facts)) {
    assert.deepEqual([text, run(text)], [text, wanted]);
  }
});

Deno.test("whole numbers are 64 bits wide and overflow is an error", () => {
  assert.equal(compile("9223372036854775807", { variables: {} }).run(() => undefined, new Budget(10)), 2n ** 63n - 1n);
  assert.throws(() => run("9223372036854775807 + 1"), /integer overflow/);
  assert.throws(() => run("-9223372036854775808 - 1"), /integer overflow/);
});

Deno.test("absent fields, bad indices and wrong types are errors with the words of cel-go", () => {
  assert.throws(() => run("self.other == 1"), /no such key: other/);
  assert.throws(() => run("self.tags[9] == 'a'"), /index out of bounds: 9/);
  assert.throws(() => run("self.name + 1 == 2"), /no such overload/);
});

Deno.test("arithmetic on texts of numbers agrees with BigInt", () => {
  const number = fc.bigInt(-(2n ** 40n), 2n ** 40n);
  fc.assert(fc.property(number, number, (a, b) => {
    assert.equal(run(`string(${a} + ${b})`), String(a + b));
    assert.equal(run(`${a} < ${b}`), a < b);
  }));
});

Deno.test("no text makes the parser fail with anything but an issue", () => {
  const piece = fc.constantFrom(
    "a",
    "1",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    "?",
    ":",
    "&&",
    "||",
    "+",
    "-",
    "!",
    "'x'",
    "in",
    "has",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
    try {
      compile(pieces.join(" "), { variables: { a: dyn } });
    } catch (error) {
      assert.equal((error as Error).name, "CompileError");
    }
  }));
});
