/** Policies in CEL that refuse, warn and change, against a whole API server. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld, map, maps } from "../api/api_world.ts";

// deno-lint-ignore no-explicit-any -- bodies of many kinds
type Any = any;

const group = "/apis/admissionregistration.k8s.io/v1";
const configMaps = {
  apiGroups: [""],
  apiVersions: ["v1"],
  resources: ["configmaps"],
  operations: ["CREATE", "UPDATE"],
};

async function made(world: ApiWorld, path: string, body: Any): Promise<void> {
  const answer = await world.call("POST", path, body);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

async function policy(world: ApiWorld, kind: "validating" | "mutating", spec: Any, binding: Any = {}): Promise<void> {
  const matchConstraints = { resourceRules: [configMaps] };
  await made(world, `${group}/${kind}admissionpolicies`, {
    metadata: { name: "p" },
    spec: { matchConstraints, ...spec },
  });
  const actions = kind === "validating" ? { validationActions: ["Deny"] } : {};
  await made(world, `${group}/${kind}admissionpolicybindings`, {
    metadata: { name: "b" },
    spec: { policyName: "p", ...actions, ...binding },
  });
}

const create = (world: ApiWorld, name: string, data: Record<string, string> = {}) =>
  world.call("POST", maps, map(name, data));

Deno.test("a policy refuses in upstream's words, with variables and messages of its own", async () => {
  await using world = await apiWorld();
  await policy(world, "validating", {
    variables: [{ name: "size", expression: "size(object.data)" }, { name: "many", expression: "variables.size > 1" }],
    validations: [
      {
        expression: "!variables.many",
        messageExpression: "'%d are too many'.format([variables.size])",
        reason: "Forbidden",
      },
      { expression: "request.operation != 'CREATE' || object.metadata.name != 'no'" },
    ],
  });
  assert.equal((await create(world, "a", { x: "1" })).status, 201);
  const { status, body } = await create(world, "c", { x: "1", y: "2" });
  assert.equal(status, 403);
  const words = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ";
  assert.equal(body.message, `configmaps "c" is forbidden: ${words}2 are too many`);
  const other = await create(world, "no", { x: "1" });
  assert.equal(other.status, 422);
  assert.match(other.body.message, /failed expression: request.operation != 'CREATE'/);
});

Deno.test("params, conditions, selectors and actions decide who is asked and what happens", async () => {
  await using world = await apiWorld();
  await create(world, "limit", { most: "1" });
  await policy(world, "validating", {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    matchConditions: [{ name: "not-exempt", expression: "!object.metadata.name.startsWith('exempt')" }],
    validations: [{ expression: "size(object.data) <= int(params.data.most)", message: "too many" }],
  }, {
    paramRef: { name: "limit", namespace: "default", parameterNotFoundAction: "Deny" },
    matchResources: { objectSelector: { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] } },
    validationActions: ["Warn"],
  });
  const warned = await create(world, "a", { x: "1", y: "2" });
  assert.equal(warned.status, 201);
  assert.match(
    warned.headers.get("warning") ?? "",
    /Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': too many/,
  );
  assert.equal((await create(world, "exempt", { x: "1", y: "2" })).headers.get("warning"), null);
  const skipped = await world.call("POST", maps, map("s", { x: "1", y: "2" }, { skip: "yes" }));
  assert.equal(skipped.headers.get("warning"), null);
});

Deno.test("a policy that fails refuses, or lets pass where it says Ignore; a hostile one ends in time", async () => {
  await using world = await apiWorld();
  const bomb = "[1,2,3,4,5,6,7,8,9].map(a, [1,2,3,4,5,6,7,8,9].map(b, " +
    "[1,2,3,4,5,6,7,8,9].map(c, [1,2,3,4,5,6,7,8,9].map(d, [1,2,3,4,5,6,7,8,9].map(e, [1,2,3,4,5,6,7,8,9].map(f, [a, b, c, d, e, f]))))))";
  await policy(world, "validating", { validations: [{ expression: `size(${bomb}) > 0` }] });
  const { status, body } = await create(world, "a", { x: "1" });
  assert.equal(status, 422);
  assert.match(body.message, /resulted in error: operation cancelled: actual cost limit exceeded/);
  const ignore = [{ op: "replace", path: "/spec/failurePolicy", value: "Ignore" }];
  const path = `${group}/validatingadmissionpolicies/p`;
  await world.call("PATCH", path, ignore, { "content-type": "application/json-patch+json" });
  assert.equal((await create(world, "a", { x: "1" })).status, 201);
});

Deno.test("expressions that are each affordable are not all of them: a policy has one budget", async () => {
  await using world = await apiWorld();
  const loops = Array.from({ length: 5 }, (_, i) => `[1, 2, 3, 4, 5, 6, 7, 8, 9].all(v${i}, `);
  const expression = `${loops.join("")}true${")".repeat(loops.length)}`;
  await policy(world, "validating", { validations: [{ expression }] });
  assert.equal((await create(world, "a", {})).status, 201);
  const many = [{ op: "replace", path: "/spec/validations", value: Array(100).fill({ expression }) }];
  const path = `${group}/validatingadmissionpolicies/p`;
  await world.call("PATCH", path, many, { "content-type": "application/json-patch+json" });
  const { status, body } = await create(world, "b", {});
  assert.equal(status, 422);
  assert.match(body.message, /resulted in error: .*cost limit exceeded/);
});

Deno.test("expressions that do not compile are refused with the policy", async () => {
  await using world = await apiWorld();
  const spec = { matchConstraints: { resourceRules: [configMaps] }, validations: [{ expression: "objekt.x == 1" }] };
  const { status, body } = await world.call("POST", `${group}/validatingadmissionpolicies`, {
    metadata: { name: "p" },
    spec,
  });
  assert.equal(status, 422);
  assert.match(
    body.message,
    /spec.validations\[0\].expression: Invalid value: "objekt.x == 1": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt'/,
  );
});

Deno.test("the authorizer answers expressions", async () => {
  await using world = await apiWorld();
  await policy(world, "validating", {
    validations: [
      { expression: "authorizer.group('').resource('pods').namespace('default').check('create').allowed()" },
      { expression: "!authorizer.serviceAccount('default', 'x').path('/healthz').check('get').allowed()" },
      { expression: "authorizer.requestResource.check('update').allowed()" },
    ],
  });
  assert.equal((await create(world, "a")).status, 201);
});

Deno.test("a policy changes objects by apply configurations and by JSON patches", async () => {
  await using world = await apiWorld();
  await policy(world, "mutating", {
    reinvocationPolicy: "Never",
    mutations: [
      {
        patchType: "ApplyConfiguration",
        applyConfiguration: {
          expression: "Object{metadata: Object.metadata{labels: {'seen': request.userInfo.username}}}",
        },
      },
      {
        patchType: "JSONPatch",
        jsonPatch: {
          expression: "[JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}, " +
            "JSONPatch{op: 'add', path: '/metadata/annotations/' + jsonpatch.escapeKey('a/b'), value: object.metadata.labels.seen}]",
        },
      },
    ],
  });
  const { status, body } = await create(world, "a", { x: "1" });
  assert.equal(status, 201, JSON.stringify(body));
  assert.deepEqual(body.metadata.labels, { seen: "kubernetes-admin" });
  assert.deepEqual(body.metadata.annotations, { "a/b": "kubernetes-admin" });
  assert.deepEqual(body.data, { x: "1" });
});

Deno.test("what a policy gets wrong about a kind that it names stands in its status", async () => {
  await using world = await apiWorld();
  const resource = world.api.resources.find("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies")!;
  const { promise, resolve } = Promise.withResolvers<Any>();
  using _watch = await world.api.registry.watch({ resource, namespace: "" }, {}, {
    event: (_type, { object }) => {
      if ((object.status as Any)?.observedGeneration) resolve(object.status);
    },
    bookmark: () => {},
    closed: () => {},
  });
  const rule = { ...configMaps, apiGroups: ["apps"], resources: ["deployments"] };
  await policy(world, "validating", {
    matchConstraints: { resourceRules: [rule] },
    validations: [{ expression: "object.spec.replicas > 1" }, { expression: "object.spec.replica > 1" }],
  });
  const { observedGeneration, typeChecking } = await promise;
  assert.equal(observedGeneration, 1);
  assert.deepEqual(typeChecking.expressionWarnings.map(({ fieldRef }: Any) => fieldRef), [
    "spec.validations[1].expression",
  ]);
  assert.match(
    typeChecking.expressionWarnings[0].warning,
    /^apps\/v1, Kind=Deployment: ERROR: <input>:1:12: undefined field 'replica'/,
  );
});
