/** Label and field selectors as kubectl sends them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFieldSelector } from "../../runtime/schema/field_selector.ts";
import { compileLabelSelector, type Labels, parseLabelSelector } from "../../runtime/schema/label_selector.ts";
import { resourceOf } from "./resource_of.ts";

const labels = { app: "web", tier: "front", size: "5", empty: "" };

const selections: [string, boolean][] = [
  ["", true],
  ["app=web", true],
  ["app==web,tier!=back", true],
  ["app", true],
  ["!app", false],
  ["! gone", true],
  ["app in (web, api),tier notin (back)", true],
  ["gone notin (a)", true],
  ["gone!=a", true],
  ["empty=", true],
  ["app=", false],
  ["size>4", true],
  ["size<5", false],
  ["app>1", false],
];

Deno.test("a label selector's text selects what upstream's grammar says", () => {
  for (const [text, expected] of selections) assert.equal(parseLabelSelector(text)(labels), expected, text);
});

Deno.test("a label selector that does not parse is a bad request", () => {
  for (const text of ["=", "a in", "a in (", "a in b", "a,,b", "a=b c", "a>x", "-a=b", "a=-b", "a(b)"]) {
    assert.throws(() => parseLabelSelector(text), { reason: "BadRequest" }, text);
  }
});

Deno.test("no selector object selects nothing, an empty one everything", () => {
  assert.equal(compileLabelSelector(undefined)(labels), false);
  assert.equal(compileLabelSelector({})(undefined), true);
});

const keys = fc.constantFrom("a", "b", "c");
const values = fc.constantFrom("x", "y", "");
const someLabels: fc.Arbitrary<Labels> = fc.dictionary(keys, values);

Deno.test("law: the text and the object of one selector select the same", () => {
  fc.assert(fc.property(keys, fc.array(values, { minLength: 1 }), fc.boolean(), someLabels, (key, set, isIn, have) => {
    const text = `${key} ${isIn ? "in" : "notin"} (${set.join(",")})`;
    const object = { matchExpressions: [{ key, operator: isIn ? "In" : "NotIn", values: set }] };
    assert.equal(parseLabelSelector(text)(have), compileLabelSelector(object)(have));
  }));
});

Deno.test("fields are selected by the paths that the kind names, absent ones as empty", () => {
  const pods = resourceOf("Pod");
  const pod = { metadata: { name: "a", namespace: "n" }, spec: { nodeName: "one" }, status: { phase: "Running" } };
  const matches = (text: string) => parseFieldSelector(text, pods)(pod);
  assert.equal(matches("metadata.name=a,status.phase==Running,spec.nodeName!=two"), true);
  assert.equal(matches("status.podIP="), true);
  assert.equal(matches("spec.hostNetwork=false"), true);
  assert.equal(matches("status.phase!=Running"), false);
});

Deno.test("a field that the kind does not name cannot be selected by", () => {
  assert.throws(() => parseFieldSelector("spec.foo=1", resourceOf("Pod")), {
    reason: "BadRequest",
    message: "field label not supported: spec.foo",
  });
  assert.throws(() => parseFieldSelector("status.phase", resourceOf("Pod")), { reason: "BadRequest" });
});
