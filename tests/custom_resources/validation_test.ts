/** What a schema refuses, in upstream's words, and what ratcheting lets pass. */
import assert from "node:assert/strict";
import { customValidation } from "../../runtime/api/custom_resources/validation.ts";
import { type Any, specOf, widget } from "./definitions.ts";

function faults(properties: Any, spec: Any, old?: Any, more: Any = {}): string[] {
  const validate = customValidation(specOf(properties, more));
  return validate(widget(spec), old && widget(old)).map(({ field, message }) => `${field || "<nil>"}: ${message}`);
}

const refused: readonly [string, Any, Any, string][] = [
  [
    "type",
    { a: { type: "integer" } },
    { a: "x" },
    'spec.a: Invalid value: "string": spec.a in body must be of type integer: "string"',
  ],
  [
    "enum",
    { a: { type: "string", enum: ["x", "y"] } },
    { a: "z" },
    'spec.a: Unsupported value: "z": supported values: "x", "y"',
  ],
  [
    "minimum",
    { a: { type: "integer", minimum: 1 } },
    { a: 0 },
    "spec.a: Invalid value: 0: spec.a in body should be greater than or equal to 1",
  ],
  [
    "exclusiveMaximum",
    { a: { type: "number", maximum: 1, exclusiveMaximum: true } },
    { a: 1 },
    "spec.a: Invalid value: 1: spec.a in body should be less than 1",
  ],
  [
    "multipleOf",
    { a: { type: "integer", multipleOf: 5 } },
    { a: 7 },
    "spec.a: Invalid value: 7: spec.a in body should be a multiple of 5",
  ],
  [
    "minLength",
    { a: { type: "string", minLength: 2 } },
    { a: "é" },
    'spec.a: Invalid value: "é": spec.a in body should be at least 2 chars long',
  ],
  [
    "maxLength",
    { a: { type: "string", maxLength: 2 } },
    { a: "abc" },
    "spec.a: Too long: may not be more than 2 bytes",
  ],
  [
    "pattern",
    { a: { type: "string", pattern: "^a+$" } },
    { a: "b" },
    "spec.a: Invalid value: \"b\": spec.a in body should match '^a+$'",
  ],
  [
    "format",
    { a: { type: "string", format: "ipv4" } },
    { a: "1.2" },
    'spec.a: Invalid value: "1.2": spec.a in body must be of type ipv4: "1.2"',
  ],
  [
    "maxItems",
    { a: { type: "array", maxItems: 1, items: { type: "string" } } },
    { a: ["x", "y"] },
    "spec.a: Too many: 2: must have at most 1 items",
  ],
  [
    "minProperties",
    { a: { type: "object", minProperties: 1, additionalProperties: { type: "string" } } },
    { a: {} },
    "spec.a: Invalid value: 0: spec.a in body should have at least 1 properties",
  ],
  [
    "additionalProperties",
    { a: { type: "object", additionalProperties: { type: "integer" } } },
    { a: { k: "v" } },
    'spec.a.k: Invalid value: "string": spec.a.k in body must be of type integer: "string"',
  ],
  [
    "set",
    { a: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } } },
    { a: ["x", "x"] },
    'spec.a[1]: Duplicate value: "x"',
  ],
  [
    "map list",
    {
      a: {
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["n"],
        items: { type: "object", properties: { n: { type: "string" } } },
      },
    },
    { a: [{ n: "x" }, { n: "x" }] },
    'spec.a[1]: Duplicate value: {"n":"x"}',
  ],
  [
    "embedded",
    { a: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true } },
    { a: { kind: "Pod" } },
    "spec.a.apiVersion: Required value",
  ],
  [
    "anyOf",
    { a: { type: "integer", anyOf: [{ minimum: 5 }, { maximum: 1 }] } },
    { a: 3 },
    '<nil>: Invalid value: "": "spec.a" must validate at least one schema (anyOf)',
  ],
  [
    "oneOf",
    { a: { type: "integer", oneOf: [{ minimum: 5 }, { minimum: 6 }] } },
    { a: 7 },
    '<nil>: Invalid value: "": "spec.a" must validate one and only one schema (oneOf). Found 2 valid alternatives',
  ],
  [
    "not",
    { a: { type: "integer", not: { minimum: 5 } } },
    { a: 7 },
    '<nil>: Invalid value: "": "spec.a" must not validate the schema (not)',
  ],
  [
    "int or string",
    { a: { "x-kubernetes-int-or-string": true } },
    { a: 1.5 },
    'spec.a: Invalid value: "number": spec.a in body must be of type integer,string: "number"',
  ],
];

for (const [name, properties, spec, message] of refused) {
  Deno.test(`${name} is refused in upstream's words`, () => assert.deepEqual(faults(properties, spec), [message]));
}

Deno.test("required fields, nullable values and escaped names", () => {
  assert.deepEqual(faults({ a: { type: "string" } }, {}, undefined, { required: ["a"] }), ["spec.a: Required value"]);
  assert.deepEqual(faults({ a: { type: "string", nullable: true } }, { a: null }), []);
  const rules = { "x-kubernetes-validations": [{ rule: "self.__if__ == self.a__dash__b" }] };
  const names = { if: { type: "string" }, "a-b": { type: "string" } };
  assert.deepEqual(faults(names, { if: "x", "a-b": "x" }, undefined, rules), []);
});

Deno.test("rules have their message, reason and place", () => {
  const more = {
    "x-kubernetes-validations": [
      { rule: "self.min <= self.max", message: "min is above max", fieldPath: ".min", reason: "FieldValueForbidden" },
      { rule: "self.min >= 0", messageExpression: "'min is %d'.format([self.min])" },
      { rule: "self.max < 100" },
    ],
  };
  const numbers = { min: { type: "integer" }, max: { type: "integer" } };
  assert.deepEqual(faults(numbers, { min: -1, max: -2 }, undefined, more), [
    "spec.min: Forbidden: min is above max",
    "spec: Invalid value: min is -1",
  ]);
  assert.deepEqual(faults(numbers, { min: 1, max: 100 }, undefined, more), [
    "spec: Invalid value: failed rule: self.max < 100",
  ]);
  assert.deepEqual(
    faults(numbers, { min: 1 }, undefined, { "x-kubernetes-validations": [{ rule: "self.min <= self.max" }] }),
    [
      'spec: Invalid value: "object": no such key: max evaluating rule: self.min <= self.max',
    ],
  );
});

Deno.test("transition rules compare with what was, also inside keyed lists, and not for what is new", () => {
  const properties = {
    a: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "is immutable" }] },
    list: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["n"],
      items: {
        type: "object",
        properties: { n: { type: "string" }, v: { type: "integer" } },
        "x-kubernetes-validations": [{ rule: "self.v >= oldSelf.v", message: "must not shrink" }],
      },
    },
  };
  assert.deepEqual(faults(properties, { a: "x" }, {}), []);
  assert.deepEqual(faults(properties, { a: "y" }, { a: "x" }), ['spec.a: Invalid value: "y": is immutable']);
  const old = { list: [{ n: "a", v: 2 }, { n: "b", v: 2 }] };
  assert.deepEqual(faults(properties, { list: [{ n: "b", v: 1 }, { n: "c", v: 0 }] }, old), [
    "spec.list[0]: Invalid value: must not shrink",
  ]);
});

Deno.test("optionalOldSelf sees creation too", () => {
  const rule = { rule: "oldSelf.hasValue() || self == 'new'", optionalOldSelf: true, message: "begins as new" };
  const properties = { a: { type: "string", "x-kubernetes-validations": [rule] } };
  assert.deepEqual(faults(properties, { a: "x" }), ['spec.a: Invalid value: "x": begins as new']);
  assert.deepEqual(faults(properties, { a: "x" }, { a: "new" }), []);
});

Deno.test("an update may keep what newer rules refuse, and nothing else (KEP-4008)", () => {
  const properties = {
    a: { type: "string", maxLength: 1 },
    b: { type: "integer", "x-kubernetes-validations": [{ rule: "self > 10" }] },
    c: { type: "string" },
  };
  const old = { a: "long", b: 1, c: "x" };
  assert.deepEqual(faults(properties, { ...old, c: "y" }, old), []);
  assert.deepEqual(faults(properties, { ...old, a: "also", b: 2 }, old), [
    "spec.a: Too long: may not be more than 1 byte",
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  ]);
  assert.equal(faults(properties, { ...old, b: 2 }, old).length, 1);
  assert.equal(faults(properties, { ...old, c: "y" }).length, 2);
});

Deno.test("rules of one object share a budget that hostile ones cannot exceed", () => {
  const bomb = { rule: "self.all(a, self.all(b, self.all(c, a != b + c)))" };
  const list = { type: "array", items: { type: "string" }, "x-kubernetes-validations": Array(50).fill(bomb) };
  const found = faults({ list }, { list: Array.from({ length: 500 }, (_, i) => `item-${i}`) });
  assert.match(found[0]!, /call cost exceeds limit for rule/);
  assert.match(found.at(-1)!, /validation failed due to running out of cost budget/);
});
