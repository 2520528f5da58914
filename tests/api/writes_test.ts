/** Creating, changing and deleting objects through `fetch`, and the refusals that clients know by their words. */
import assert from "node:assert/strict";
import { decodeProtobuf } from "../../runtime/schema/codec/mod.ts";
import { apiWorld, map, maps } from "./api_world.ts";

Deno.test("a created object comes back with what the server decides, and is there at once", async () => {
  await using world = await apiWorld();
  const made = await world.call("POST", maps, map("a", { k: "v" }));
  assert.equal(made.status, 201);
  assert.match(made.body.metadata.uid, /^[0-9a-f-]{36}$/);
  assert.match(made.body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual((await world.call("GET", `${maps}/a`)).body, made.body);
  const again = await world.call("POST", maps, map("a"));
  assert.equal(again.status, 409);
  assert.equal(again.body.reason, "AlreadyExists");
  assert.equal(again.body.message, 'configmaps "a" already exists');
});

Deno.test("what is applied or put again without its defaults is no change", async () => {
  await using world = await apiWorld();
  const path = "/apis/apps/v1/namespaces/default/deployments/d";
  const env = [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }];
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i", env }] } };
  const spec = { selector: { matchLabels: { a: "b" } }, template };
  const wanted = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" }, spec };
  const apply = () =>
    world.call("PATCH", `${path}?fieldManager=m`, wanted, { "content-type": "application/apply-patch+yaml" });
  const made = await apply();
  assert.equal(made.status, 201);
  assert.deepEqual((await apply()).body, made.body);
  assert.equal((await world.call("PUT", path, wanted)).body.metadata.generation, 1);
});

Deno.test("of many updates from one resourceVersion exactly one wins", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", maps, map("a"));
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, i) => world.call("PUT", `${maps}/a`, { ...body, data: { i: `${i}` } })),
  );
  const won = answers.filter(({ status }) => status === 200);
  const lost = answers.filter(({ status }) => status === 409);
  assert.equal(won.length, 1);
  assert.equal(lost.length, 9);
  assert.equal(
    lost[0]!.body.message,
    'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to ' +
      "the latest version and try again",
  );
});

Deno.test("patches without a resourceVersion that race all take effect", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a"));
  const headers = { "content-type": "application/merge-patch+json" };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => world.call("PATCH", `${maps}/a`, { data: { [`k${i}`]: "v" } }, headers)),
  );
  assert.ok(answers.every(({ status }) => status === 200));
  const { body } = await world.call("GET", `${maps}/a`);
  assert.equal(Object.keys(body.data).length, 20);
});

Deno.test("an update that changes nothing keeps the resourceVersion", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", maps, map("a", { k: "v" }));
  const same = await world.call("PUT", `${maps}/a`, {
    ...body,
    metadata: { ...body.metadata, resourceVersion: undefined },
  });
  assert.equal(same.body.metadata.resourceVersion, body.metadata.resourceVersion);
});

Deno.test("dryRun does everything but store", async () => {
  await using world = await apiWorld();
  assert.equal((await world.call("POST", `${maps}?dryRun=All`, map("a"))).status, 201);
  assert.equal((await world.call("GET", `${maps}/a`)).status, 404);
});

Deno.test("generateName makes names that differ", async () => {
  await using world = await apiWorld();
  const body = { metadata: { generateName: "x-" } };
  const answers = await Promise.all(Array.from({ length: 20 }, () => world.call("POST", maps, body)));
  assert.equal(new Set(answers.map(({ body }) => body.metadata.name)).size, 20);
  assert.match(answers[0]!.body.metadata.name, /^x-[a-z0-9]{5}$/);
});

Deno.test("unknown and repeated fields are refused, told or dropped as fieldValidation says", async () => {
  await using world = await apiWorld();
  const body = '{"metadata":{"name":"a","name":"a"},"data":{},"foo":1}';
  const strict = await world.call("POST", `${maps}?fieldValidation=Strict`, body);
  assert.equal(strict.status, 400);
  assert.match(strict.body.message, /strict decoding error: duplicate field "metadata.name", unknown field "foo"$/);
  const warned = await world.call("POST", maps, body);
  assert.equal(warned.status, 201);
  assert.match(warned.headers.get("warning")!, /299 - "duplicate field \\"metadata.name\\"".*unknown field/);
  assert.equal(warned.body.foo, undefined);
});

Deno.test("of a YAML body every repeated key is told with its line, and the last value holds", async () => {
  await using world = await apiWorld();
  const body = 'metadata:\n  name: a\ndata:\n  x: one\n  x: two\n  "y": one\n  y: two\n  x: three\n';
  const headers = { "content-type": "application/yaml" };
  const strict = await world.call("POST", `${maps}?fieldValidation=Strict`, body, headers);
  const lines = ['line 5: key "x"', 'line 7: key "y"', 'line 8: key "x"'].map((line) => `${line} already set in map`);
  assert.ok(strict.body.message.endsWith(["yaml: unmarshal errors:", ...lines].join("\n  ")), strict.body.message);
  const warned = await world.call("POST", maps, body, headers);
  assert.deepEqual([warned.status, warned.body.data], [201, { x: "three", y: "two" }]);
});

Deno.test("finalizers hold a deleted object until the last one is gone", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, { metadata: { name: "a", finalizers: ["example.com/hold"] } });
  const marked = await world.call("DELETE", `${maps}/a`);
  assert.equal(marked.status, 200);
  assert.ok(marked.body.metadata.deletionTimestamp);
  assert.equal((await world.call("GET", `${maps}/a`)).status, 200);
  const headers = { "content-type": "application/merge-patch+json" };
  await world.call("PATCH", `${maps}/a`, { metadata: { finalizers: null } }, headers);
  assert.equal((await world.call("GET", `${maps}/a`)).status, 404);
});

Deno.test("propagation policies become the garbage collector's finalizers", async () => {
  await using world = await apiWorld();
  for (const [policy, finalizer] of [["Orphan", "orphan"], ["Foreground", "foregroundDeletion"]]) {
    await world.call("POST", maps, map(policy!.toLowerCase()));
    const { body } = await world.call("DELETE", `${maps}/${policy!.toLowerCase()}`, { propagationPolicy: policy });
    assert.deepEqual(body.metadata.finalizers, [finalizer]);
  }
});

Deno.test("a deletion with the wrong uid is refused", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a"));
  const refused = await world.call("DELETE", `${maps}/a`, { preconditions: { uid: "other" } });
  assert.equal(refused.status, 409);
  assert.match(refused.body.message, /the UID in the precondition \(other\) does not match the UID in record /);
});

Deno.test("nothing new is made in a namespace that is not there or that ends", async () => {
  await using world = await apiWorld();
  const missing = await world.call("POST", "/api/v1/namespaces/nope/configmaps", map("a"));
  assert.equal(missing.status, 404);
  assert.equal(missing.body.message, 'namespaces "nope" not found');
  await world.call("POST", "/api/v1/namespaces", { metadata: { name: "going" } });
  await world.call("DELETE", "/api/v1/namespaces/going");
  const ending = await world.call("POST", "/api/v1/namespaces/going/configmaps", map("a"));
  assert.equal(ending.status, 403);
  assert.equal(
    ending.body.message,
    'configmaps "a" is forbidden: unable to create new content in namespace going because it is being terminated',
  );
  const finalized = await world.call("PUT", "/api/v1/namespaces/going/finalize", {
    metadata: { name: "going" },
    spec: { finalizers: [] },
  });
  assert.equal(finalized.status, 200);
  assert.equal((await world.call("GET", "/api/v1/namespaces/going")).status, 404);
});

Deno.test("what cannot be served says why: paths, methods, media types, sizes, names", async () => {
  await using world = await apiWorld();
  const cases: [method: string, path: string, body: unknown, headers: Record<string, string>, status: number][] = [
    ["GET", "/api/v1/nopes", undefined, {}, 404],
    ["GET", "/apis/apps/v2/x", undefined, {}, 404],
    ["GET", "/api/v1/namespaces/default/configmaps/%ff", undefined, {}, 400],
    ["POST", "/api/v1/configmaps", {}, {}, 405],
    ["PUT", maps, {}, {}, 405],
    ["POST", maps, "a", { "content-type": "text/plain" }, 415],
    ["PATCH", `${maps}/a`, {}, {}, 415],
    ["GET", maps, undefined, { accept: "image/png" }, 406],
    ["POST", maps, "{", {}, 400],
    ["POST", maps, "[]", {}, 400],
    ["POST", maps, "[".repeat(100_000), {}, 400],
    ["POST", maps, `"${"x".repeat(3 * 1024 * 1024)}"`, {}, 413],
    ["POST", maps, {}, {}, 422],
    ["POST", maps, { kind: "Pod", metadata: { name: "a" } }, {}, 400],
    ["POST", maps, { metadata: { name: "a", namespace: "other" } }, {}, 400],
    ["PUT", `${maps}/a`, { metadata: { name: "b" } }, {}, 400],
    ["GET", `${maps}?labelSelector=a%3D%3D%3D`, undefined, {}, 400],
    ["GET", `${maps}?limit=x`, undefined, {}, 400],
    ["GET", `${maps}?continue=nope`, undefined, {}, 400],
    ["GET", `${maps}?resourceVersion=x`, undefined, {}, 400],
  ];
  for (const [method, path, body, headers, status] of cases) {
    const answer = await world.call(method, path, body, headers);
    assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body).slice(0, 300)}`);
    assert.equal(answer.body.kind, "Status");
    assert.ok(answer.body.message);
  }
});

Deno.test("whoever may not is told in upstream's words", async () => {
  await using world = await apiWorld();
  const user = { name: "x", groups: [] };
  const request = new Request("https://api/apis/apps/v1/namespaces/default/deployments/web/scale");
  const { message, code } = await (await world.api.rawRequest(user, request)).json();
  assert.equal(code, 403);
  assert.equal(
    message,
    'deployments.apps "web" is forbidden: User "x" cannot get resource "deployments/scale" in API group "apps" in ' +
      'the namespace "default"',
  );
});

Deno.test("a key that stands twice in YAML is refused when strict, told otherwise, and means its last value", async () => {
  await using world = await apiWorld();
  const body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  a: x\n  a: y\n";
  const headers = { "content-type": "application/apply-patch+yaml" };
  const apply = (validation: string) =>
    world.call("PATCH", `${maps}/m?fieldManager=f&fieldValidation=${validation}`, body, headers);
  const strict = await apply("Strict");
  assert.equal(strict.status, 400);
  assert.match(strict.body.message, /line 7: key "a" already set in map/);
  const warned = await apply("Warn");
  assert.equal(warned.body.data.a, "y");
  assert.match(warned.headers.get("warning") ?? "", /already set in map/);
});

Deno.test("whoever scales gets a Scale back, in protobuf as in JSON", async () => {
  await using world = await apiWorld();
  const labels = { app: "a" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
  const sets = "/apis/apps/v1/namespaces/default/replicasets";
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  assert.equal((await world.call("POST", sets, { metadata: { name: "a" }, spec })).status, 201);
  const request = new Request(`https://api${sets}/a/scale`, {
    method: "PATCH",
    body: JSON.stringify({ spec: { replicas: 4 } }),
    headers: { "content-type": "application/merge-patch+json", accept: "application/vnd.kubernetes.protobuf" },
  });
  const answer = decodeProtobuf(await (await world.api.fetch(request)).bytes());
  assert.deepEqual([answer.kind, answer.spec], ["Scale", { replicas: 4 }]);
});

Deno.test("what admission adds to a pod, and the status that it begins with, is nobody's, as kube-apiserver has it", async () => {
  await using world = await apiWorld();
  await world.call("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  const pod = { metadata: { name: "a" }, spec: { containers: [{ name: "main", image: "i" }] } };
  const { status, body } = await world.call("POST", "/api/v1/namespaces/default/pods", pod);
  assert.equal(status, 201);
  assert.match(body.spec.volumes[0].name, /^kube-api-access-/);
  assert.equal(body.status.phase, "Pending");
  const [{ fieldsV1 }] = body.metadata.managedFields;
  assert.deepEqual(Object.keys(fieldsV1), ["f:spec"]);
  const defaulted = ["dnsPolicy", "enableServiceLinks", "restartPolicy", "schedulerName", "securityContext"];
  const owned = ["containers", ...defaulted, "terminationGracePeriodSeconds"];
  assert.deepEqual(Object.keys(fieldsV1["f:spec"]), owned.map((name) => `f:${name}`));
});
