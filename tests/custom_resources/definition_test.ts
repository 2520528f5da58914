/** Definitions that are refused, and why. */
import assert from "node:assert/strict";
import { definitionFaults } from "../../runtime/api/custom_resources/definition_check.ts";
import { type Any, definition, specOf } from "./definitions.ts";

const at = "spec.validation.openAPIV3Schema";
const shownRule = (Rule: string) =>
  JSON.stringify({ Rule, Message: "", MessageExpression: "", Reason: null, FieldPath: "", OptionalOldSelf: null })
    .replace(">", "\\u003e");
const inSpec = `${at}.properties[spec]`;

function faults(schema: Any, version: Any = {}, spec: Any = {}): string[] {
  return definitionFaults(definition(schema, version, spec)).map(({ field, message }) => `${field}: ${message}`);
}

const refused: readonly [string, Any, string][] = [
  [
    "a property without a type",
    specOf({ a: {} }),
    `${inSpec}.properties[a].type: Required value: must not be empty for specified object fields`,
  ],
  [
    "items without a type",
    specOf({ a: { type: "array", items: {} } }),
    `${inSpec}.properties[a].items.type: Required value: must not be empty for specified array items`,
  ],
  [
    "a list without items",
    specOf({ a: { type: "array" } }),
    `${inSpec}.properties[a].items: Required value: must be specified`,
  ],
  [
    "a reference",
    specOf({ a: { type: "object", $ref: "#/x" } }),
    `${inSpec}.properties[a].$ref: Forbidden: $ref is not supported`,
  ],
  [
    "a type below a junctor",
    specOf({ a: { type: "integer", anyOf: [{ type: "integer" }] } }),
    `${inSpec}.properties[a].anyOf[0].type: Forbidden: must be empty to be structural`,
  ],
  [
    "a property only below a junctor",
    specOf({}, { oneOf: [{ required: ["x"], properties: { x: { minimum: 1 } } }] }),
    `${inSpec}.properties[x]: Required value: because it is defined in ${inSpec}.oneOf[0].properties[x]`,
  ],
  [
    "a default of the wrong type",
    specOf({ a: { type: "integer", default: "x" } }),
    `${inSpec}.properties[a].default: Invalid value: "string":  in body must be of type integer: "string"`,
  ],
  [
    "a default with unknown fields",
    specOf({ a: { type: "object", properties: {}, default: { x: 1 } } }),
    `${inSpec}.properties[a].default: Invalid value: {"x":1}: must not have unknown fields`,
  ],
  [
    "both properties and additionalProperties",
    specOf({ a: { type: "object", properties: { b: { type: "string" } }, additionalProperties: { type: "string" } } }),
    `${inSpec}.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive`,
  ],
  [
    "list keys that may be absent",
    specOf({
      a: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["n"],
        items: { type: "object", properties: { n: { type: "string" } } },
      },
    }),
    `${inSpec}.properties[a].items.properties[n].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
  ],
  [
    "a rule about an unknown field",
    specOf({}, { "x-kubernetes-validations": [{ rule: "self.x > 1" }] }),
    `${inSpec}.x-kubernetes-validations[0].rule: Invalid value: ${
      shownRule("self.x > 1")
    }: compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | self.x > 1\n | ....^`,
  ],
  [
    "a rule that is no condition",
    specOf({ a: { type: "string" } }, { "x-kubernetes-validations": [{ rule: "self.a" }] }),
    `${inSpec}.x-kubernetes-validations[0].rule: Invalid value: ${
      shownRule("self.a")
    }: cel expression must evaluate to a bool`,
  ],
  [
    "a transition rule inside an atomic list",
    specOf({
      a: { type: "array", items: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf" }] } },
    }),
    `${inSpec}.properties[a].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${inSpec}.properties[a]`,
  ],
  [
    "a place that is not there",
    specOf({}, { "x-kubernetes-validations": [{ rule: "true", fieldPath: ".x" }] }),
    `${inSpec}.x-kubernetes-validations[0].fieldPath: Invalid value: ".x": must be a valid path`,
  ],
];

for (const [name, schema, message] of refused) {
  Deno.test(`${name} is refused`, () => assert.deepEqual(faults(schema), [message]));
}

Deno.test("a bad pattern, scale path, column, selectable field and conversion are refused", () => {
  assert.match(faults(specOf({ a: { type: "string", pattern: "(" } }))[0]!, /must be a valid regular expression/);
  const scale = { specReplicasPath: ".replicas", statusReplicasPath: ".status.replicas" };
  assert.match(faults(specOf({}), { subresources: { scale } })[0]!, /should be a json path under \.spec/);
  assert.match(
    faults(specOf({}), { additionalPrinterColumns: [{ name: "A", type: "text", jsonPath: ".a" }] })[0]!,
    /Invalid value: "text": must be one of boolean,date,integer,number,string/,
  );
  assert.match(
    faults(specOf({}), { selectableFields: [{ jsonPath: ".spec.x" }] })[0]!,
    /does not refer to a valid field/,
  );
  assert.match(
    faults(specOf({}), {}, { conversion: { strategy: "Webhook" } })[0]!,
    /required when strategy is set to Webhook/,
  );
});

Deno.test("a stored version stays in the definition until nothing is stored in it", () => {
  const old = definition(specOf({}));
  const found = definitionFaults({ ...old, status: { storedVersions: ["v0", "v1"] } }, old);
  assert.match(
    found[0]!.message,
    /^Invalid value: "v0": missing from spec.versions; v0 was previously a storage version/,
  );
});

Deno.test("what was accepted before stays accepted when nothing of it changes", () => {
  const old = definition(specOf({ a: {} }));
  assert.deepEqual(definitionFaults({ ...old, metadata: { ...old.metadata, labels: { a: "b" } } } as Any, old), []);
});

const unbounded = { type: "array", items: { type: "string" } };
const loops = { rule: "self.all(a, self.all(b, a == b))" };
const rule = (one: Any) => ({ "x-kubernetes-validations": [one] });

Deno.test("a rule that would take too long over what a request can hold is refused with the factor and what helps", () => {
  const where = `${inSpec}.properties[a].x-kubernetes-validations[0].rule: Forbidden: `;
  const found = faults(specOf({ a: { ...unbounded, ...rule(loops) } }));
  assert.equal(
    found[0],
    `${where}estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding ` +
      "maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)",
  );
  const bounded = { ...unbounded, maxItems: 20, items: { type: "string", maxLength: 20 } };
  assert.deepEqual(faults(specOf({ a: { ...bounded, ...rule(loops) } })), []);
});

Deno.test("a rule costs as often as its place can be there, in lists and maps around it", () => {
  const item = {
    type: "object",
    properties: { s: { type: "string", maxLength: 1000 } },
    ...rule({ rule: "self.s.matches('^a{3,4}.*b$')" }),
  };
  const list = (maxItems?: number) => specOf({ a: { type: "array", items: item, ...maxItems ? { maxItems } : {} } });
  assert.deepEqual(faults(list(100)), []);
  assert.match(
    faults(list())[0]!,
    /items\.x-kubernetes-validations\[0\]\.rule: Forbidden: estimated rule cost exceeds/,
  );
  const map = { type: "object", additionalProperties: item };
  assert.match(faults(specOf({ a: map }))[0]!, /additionalProperties\.x-kubernetes-validations\[0\]\.rule: Forbidden/);
  assert.deepEqual(faults(specOf({ a: { ...map, maxProperties: 100 } })), []);
});

Deno.test("rules that are cheap alone may be too dear together", () => {
  const dear = { ...unbounded, maxItems: 700, items: { type: "string", maxLength: 10 }, ...rule(loops) };
  const properties = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${i}`, dear]));
  const found = faults(specOf(properties));
  assert.match(
    found.at(-1)!,
    /estimated rule cost total for entire OpenAPIv3 schema exceeds budget/,
  );
  assert.match(found[0]!, /Forbidden: contributed to estimated rule cost total/);
});

Deno.test("a definition that was too dear before may still be changed elsewhere", () => {
  const old = definition(specOf({ a: { ...unbounded, ...rule(loops) } }));
  const now = definition(specOf({ a: { ...unbounded, ...rule(loops) }, b: { type: "string" } }));
  assert.deepEqual(definitionFaults(now, old), []);
});
