/** What a body must look like before anybody thinks about its meaning. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkTypes, duplicateKeys, normalize, pruneUnknown } from "../../runtime/schema/decode/mod.ts";
import { cannotBeHandled, strictDecodingError } from "../../runtime/schema/field_error.ts";
import type { StructNode } from "../../runtime/schema/type_node.ts";
import { resourceOf } from "./resource_of.ts";

const deployments = resourceOf("Deployment");

Deno.test("unknown fields are removed and named as kubectl users know them", () => {
  const body = { spec: { foo: 1, template: { spec: { containers: [{ name: "a" }, { name: "b", Image: "x" }] } } } };
  assert.deepEqual(pruneUnknown(deployments.type, body), ["spec.foo", "spec.template.spec.containers[1].Image"]);
  assert.deepEqual(body, { spec: { template: { spec: { containers: [{ name: "a" }, { name: "b" }] } } } } as unknown);
});

const wrongTypes: [object, string][] = [
  [
    { spec: { replicas: "3" } },
    "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    { spec: { replicas: 1.5 } },
    "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
  ],
  [
    { spec: { template: { spec: { containers: { name: "a" } } } } },
    "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
  ],
  [
    { metadata: { labels: { a: 1 } } },
    "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
  ],
  [
    { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: "one" } } }] } } } },
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
];

Deno.test("a wrong JSON type is reported as Go's decoder reports it", () => {
  for (const [body, message] of wrongTypes) {
    assert.equal(checkTypes(deployments.type, body)[0]?.message, message);
  }
});

Deno.test("a body that does not fit is a bad request that names the kind", () => {
  const error = cannotBeHandled(deployments, checkTypes(deployments.type, { spec: [] }));
  assert.equal(error.code, 400);
  assert.match(
    error.message,
    /^Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal array/,
  );
});

Deno.test("strict validation names repeated and unknown fields together", () => {
  const error = strictDecodingError(deployments, {
    unknown: ["spec.foo"],
    duplicate: ['duplicate field "spec.replicas"'],
  });
  assert.match(error.message, /strict decoding error: duplicate field "spec.replicas", unknown field "spec.foo"$/);
});

Deno.test("repeated keys are found in JSON text, however they are written", () => {
  assert.deepEqual(duplicateKeys('{"a":{"b":1,"b":2},"c":[{"d":1},{"d":1,"\\u0064":2}],"a":"a"}'), [
    "a.b",
    "c[1].d",
    "a",
  ]);
  assert.deepEqual(duplicateKeys('{"a":"{\\"a\\":1,\\"a\\":2}","b":["a","a"]}'), []);
});

Deno.test("law: JSON that a program wrote has no repeated keys", () => {
  fc.assert(fc.property(fc.json(), (text) => assert.deepEqual(duplicateKeys(text), [])));
});

Deno.test("an object takes the form that Go would print: no nulls, canonical amounts and times, empty structs", () => {
  const pod = {
    metadata: { name: "a", labels: null, creationTimestamp: null, deletionTimestamp: "2024-01-02T03:04:05+02:00" },
    spec: {
      hostNetwork: false,
      nodeSelector: {},
      containers: [{ name: "c", command: [], resources: { limits: { cpu: "1000m", memory: 1024 } } }, { name: "d" }],
    },
  };
  normalize(resourceOf("Pod").type, pod);
  assert.deepEqual(pod as unknown, {
    metadata: { name: "a", deletionTimestamp: "2024-01-02T01:04:05Z" },
    spec: {
      containers: [{ name: "c", resources: { limits: { cpu: "1", memory: "1024" } } }, { name: "d", resources: {} }],
    },
    status: {},
  });
});

const custom: StructNode = {
  type: "struct",
  name: "",
  atomic: false,
  preserveUnknown: false,
  fields: new Map([["size", {
    name: "size",
    type: { type: "int64" },
    required: false,
    nullable: false,
    patchStrategy: [],
    pointer: true,
  }]]),
};

Deno.test("custom resources take the same way and hear OpenAPI's words", () => {
  const body = { size: "x", other: 1 };
  assert.equal(
    checkTypes(custom, body)[0]?.message,
    'Invalid value: "string": size in body must be of type integer: "string"',
  );
  assert.deepEqual(pruneUnknown(custom, body), ["other"]);
});

Deno.test("law: no JSON makes decoding throw, whatever the kind", () => {
  const types = ["Pod", "Service", "CustomResourceDefinition", "ResourceSlice"].map((kind) => resourceOf(kind).type);
  fc.assert(fc.property(fc.constantFrom(...types), fc.jsonValue(), (type, value) => {
    checkTypes(type, value);
    pruneUnknown(type, structuredClone(value) as object);
  }));
});
