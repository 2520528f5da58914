/** What kube-apiserver v1.36.3 answered to these policies and to what they judge, word for word. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";

const group = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";
const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps", "pods"] };
const matchConstraints = { resourceRules: [rule] };
const paramKind = { apiVersion: "v1", kind: "ConfigMap" };

const made = async (world: ApiWorld, plural: string, name: string, spec: object) => {
  const { status, body } = await world.call("POST", `${group}/${plural}`, { metadata: { name }, spec });
  assert.equal(status, 201, body.message);
};

/** The policy, the binding, the data of a ConfigMap, and what was said about it. */
const validating: readonly (readonly [spec: object, binding: object, data: object, code: number, message: string])[] = [
  [
    { variables: [{ name: "n", expression: "size(object.data)" }], validations: [{ expression: "variables.n < 1" }] },
    {},
    {},
    422,
    `expression 'variables.n < 1' resulted in error: composited variable "n" fails to evaluate: no such key: data`,
  ],
  [
    { paramKind, validations: [{ expression: "false" }] },
    { paramRef: { name: "gone", namespace: "default", parameterNotFoundAction: "Deny" } },
    {},
    422,
    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction",
  ],
  [
    {
      matchConditions: [
        { name: "good", expression: "object.metadata.name == 'x'" },
        { name: "bad", expression: "object.data.q == 'x'" },
      ],
      validations: [{ expression: "false" }],
    },
    {},
    {},
    422,
    "expression 'object.data.q == 'x'' resulted in error: no such key: data",
  ],
  [
    { validations: [{ expression: "'a' in object.data", reason: "RequestEntityTooLarge", message: "too much" }] },
    {},
    { b: "c" },
    413,
    "too much",
  ],
];

Deno.test("who is refused by a policy is told in kube-apiserver's words, the cause too", async () => {
  for (const [spec, binding, data, code, words] of validating) {
    await using world = await apiWorld();
    await made(world, "validatingadmissionpolicies", "p", { matchConstraints, ...spec });
    const bound = { policyName: "p", validationActions: ["Deny"], ...binding };
    await made(world, "validatingadmissionpolicybindings", "p", bound);
    const object = { metadata: { name: "x" }, ...(Object.keys(data).length > 0 && { data }) };
    const { status, body } = await world.call("POST", maps, object);
    const said = `ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ${words}`;
    assert.deepEqual([status, body.message], [code, `configmaps "x" is forbidden: ${said}`]);
    assert.deepEqual(body.details.causes, [{ message: said }]);
  }
});

const patch = (expression: string) => ({ patchType: "JSONPatch", jsonPatch: { expression } });
const apply = (expression: string) => ({ patchType: "ApplyConfiguration", applyConfiguration: { expression } });
const denied = (words: string) => [403, `policy 'p' with binding 'p' denied request: ${words}`];

Deno.test("a mutation that cannot be done refuses, one whose test fails is passed over", async () => {
  const answers: readonly (readonly [mutation: object, answer: unknown[]])[] = [
    [
      patch("[JSONPatch{op: 'remove', path: '/data/none'}]"),
      denied(
        "JSON Patch: error in remove for path: '/data/none': Unable to remove nonexistent key: none: missing value",
      ),
    ],
    [
      apply("Object{data: {'k': object.data.none}}"),
      denied("expression 'Object{data: {'k': object.data.none}}' resulted in error: no such key: none"),
    ],
    [
      patch("[JSONPatch{op: 'add', path: '/data/b', value: 'c'}, JSONPatch{op: 'test', path: '/data/a', value: 'x'}]"),
      [201, { a: "1" }],
    ],
    [
      patch("[JSONPatch{op: 'add', path: '/data/' + jsonpatch.escapeKey('a/b'), value: 'c'}]"),
      [422, 'ConfigMap "x" is invalid'],
    ],
  ];
  for (const [mutation, [code, said]] of answers) {
    await using world = await apiWorld();
    const spec = { matchConstraints, reinvocationPolicy: "Never", mutations: [mutation] };
    await made(world, "mutatingadmissionpolicies", "p", spec);
    await made(world, "mutatingadmissionpolicybindings", "p", { policyName: "p" });
    const { status, body } = await world.call("POST", maps, { metadata: { name: "x" }, data: { a: "1" } });
    assert.equal(status, code, body.message);
    if (code === 201) assert.deepEqual(body.data, said);
    else assert.equal(String(body.message).slice(0, String(said).length), said);
  }
});

Deno.test("an apply configuration names no item of a list that is one value", async () => {
  await using world = await apiWorld();
  await world.call("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  const mutations = [
    apply("Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'k', operator: 'Exists'}]}}"),
  ];
  await made(world, "mutatingadmissionpolicies", "p", { matchConstraints, reinvocationPolicy: "Never", mutations });
  await made(world, "mutatingadmissionpolicybindings", "p", { policyName: "p" });
  const pod = { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "i" }] } };
  const { status, body } = await world.call("POST", "/api/v1/namespaces/default/pods", pod);
  const words = "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: " +
    ".spec.tolerations";
  assert.deepEqual([status, body.message], denied(words));
});

Deno.test("expressions must come to what they are for, and be known to", async () => {
  await using world = await apiWorld();
  const refused = async (plural: string, spec: object) => {
    const { status, body } = await world.call("POST", `${group}/${plural}?dryRun=All`, {
      metadata: { name: "b" },
      spec,
    });
    assert.equal(status, 422);
    return body.details.causes.map(({ field, message }: Record<string, string>) => `${field}: ${message}`);
  };
  const policy = {
    matchConstraints,
    validations: [{ expression: "1 + 1" }, { expression: "true", messageExpression: "object.data.none" }],
    auditAnnotations: [{ key: "k", valueExpression: "1" }],
  };
  assert.deepEqual(await refused("validatingadmissionpolicies", policy), [
    'spec.validations[0].expression: Invalid value: "1 + 1": must evaluate to bool but got int',
    'spec.validations[1].messageExpression: Invalid value: "object.data.none": must evaluate to string but got dyn',
    'spec.auditAnnotations[0].valueExpression: Invalid value: "1": must evaluate to one of [string null_type] but got int',
  ]);
  const mutation = { matchConstraints, reinvocationPolicy: "Never", mutations: [patch("1"), apply("'x'")] };
  assert.deepEqual(await refused("mutatingadmissionpolicies", mutation), [
    'spec.mutations[0].jsonPatch.expression: Invalid value: "1": must evaluate to list(JSONPatch) but got int',
    "spec.mutations[1].applyConfiguration.expression: Invalid value: \"'x'\": must evaluate to Object but got string",
  ]);
});
