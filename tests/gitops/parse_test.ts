import assert from "node:assert/strict";
import { parseManifest } from "../../controllers/gitops/parse.ts";
import { sayWhere } from "../../controllers/gitops/file_plan.ts";

function objectsIn(path: string, text: string): unknown[] {
  const parsed = parseManifest(path, text);
  assert.ok("objects" in parsed, JSON.stringify(parsed));
  return parsed.objects.map(({ object }) => object);
}

function errorIn(path: string, text: string): string {
  const parsed = parseManifest(path, text);
  assert.ok("error" in parsed, JSON.stringify(parsed));
  return sayWhere(path, parsed.error);
}

const config = (name: string, data = "a: b") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {${data}}\n`;

Deno.test("a file of many documents yields its objects in order; comments and empty documents yield none", () => {
  const text = `# head\n---\n${config("a")}---\n# nothing\n---\n\n---\n${config("b")}`;
  assert.deepEqual(
    objectsIn("m/a.yaml", text).map((object) => (object as { metadata: { name: string } }).metadata.name),
    ["a", "b"],
  );
});

Deno.test("YAML is read as kubectl reads it", () => {
  const text = `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
base: &base {one: 1}
data:
  <<: *base
  on_: on
  no_: No
  y_: y
  octal: 0755
  new: 0o17
  hex: 0x1F
  big: 1_000
  time: 1:30
  date: 2020-01-01
  exponent: 1e3
  float: 1.5
  plus: +1
  none: ~
`;
  assert.deepEqual((objectsIn("m/a.yaml", text)[0] as { data: unknown }).data, {
    one: 1,
    on_: true,
    no_: false,
    y_: true,
    octal: 493,
    new: 15,
    hex: 31,
    big: 1000,
    time: "1:30",
    date: "2020-01-01",
    exponent: "1e3",
    float: 1.5,
    plus: 1,
    none: null,
  });
});

Deno.test("a List is taken apart, in YAML and in JSON", () => {
  const items = [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }];
  assert.deepEqual(objectsIn("m/a.json", JSON.stringify({ apiVersion: "v1", kind: "List", items })), items);
  assert.deepEqual(objectsIn("m/a.yaml", JSON.stringify({ apiVersion: "v1", kind: "ConfigMapList", items })), items);
});

Deno.test("an error names file, document and line", () => {
  const broken: [string, string, string][] = [
    ["a.yaml", `${config("a")}---\napiVersion: v1\nkind: ConfigMap\n bad: 1\n`, "a.yaml, document 2, line 8: "],
    [
      "a.yaml",
      `---\n${config("a")}---\nkind: ConfigMap\nmetadata: {name: b}\n`,
      "a.yaml, document 2, line 7: apiVersion is missing",
    ],
    [
      "a.yaml",
      `${config("a")}---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: 7\n`,
      "a.yaml, document 2, line 9: metadata.name must be text",
    ],
    ["a.yaml", "just text\n", "a.yaml, document 1, line 1: is not an object with apiVersion, kind and metadata"],
    [
      "a.yaml",
      `${config("a")}---\n${config("a")}`,
      "a.yaml, document 2, line 6: ConfigMap a is named already in document 1, line 1",
    ],
    ["a.yaml", config("a", "x: .inf"), "a.yaml, document 1, line 4: data.x is Infinity, which JSON cannot carry"],
    [
      "a.yaml",
      "apiVersion: v1\nkind: Pod\nmetadata:\n  generateName: x-\n",
      "a.yaml, document 1, line 4: metadata.generateName names",
    ],
    ["a.json", '{\n  "kind": "Pod",\n  oops\n}', "a.json, document 1, line 3: not JSON: "],
    ["a.yaml", " \n", "a.yaml, document 1, line 1: the file is empty"],
  ];
  for (const [path, text, expected] of broken) {
    const message = errorIn(path, text);
    assert.ok(message.startsWith(expected), `${message}\n  should begin with\n${expected}`);
  }
});

Deno.test("the line of a field is found, or that of its nearest parent", () => {
  const parsed = parseManifest(
    "a.yaml",
    `${
      config("a")
    }---\napiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec:\n  ports:\n    - port: 80\n      name: x\n`,
  );
  assert.ok("objects" in parsed);
  const lineOf = (field: string) => parsed.objects[1]!.lineOf(field);
  assert.deepEqual(
    ["spec.ports[0].name", "spec.ports[0].targetPort", "spec.ports", "spec.nothing", "nothing"].map(lineOf),
    [12, 11, 10, 9, 6],
  );
});

Deno.test("text that nests or repeats without end is refused or read, never hung on", () => {
  for (const text of ["[".repeat(5000), "a: ".repeat(2000), "- ".repeat(5000), "a: &a [*a]\n", "\u0000"]) {
    const parsed = parseManifest("a.yaml", text);
    assert.ok("error" in parsed, text.slice(0, 20));
  }
});
