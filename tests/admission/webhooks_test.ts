import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";
import { configuration, jsonPatch, type Review, webhookServer } from "./webhook_server.ts";

const registrations = "/apis/admissionregistration.k8s.io/v1";
const maps = "/api/v1/namespaces/default/configmaps";
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data });

async function register(world: ApiWorld, object: { kind: string; metadata: object }) {
  const plural = `${object.kind.toLowerCase()}s`;
  const answer = await world.call("POST", `${registrations}/${plural}`, object);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
}

Deno.test("a validating webhook refuses in its own words, and sees old and new objects", async () => {
  await using world = await apiWorld();
  const verdict = ({ object }: Review) =>
    object?.data?.bad ? { allowed: false, status: { message: "bad data" } } : { allowed: true, warnings: ["careful"] };
  await using hook = await webhookServer(verdict);
  await register(world, configuration("Validating", hook));
  const made = await world.call("POST", maps, map("a"));
  assert.equal(made.status, 201);
  assert.equal(made.headers.get("warning"), '299 - "careful"');
  const refused = await world.call("PUT", `${maps}/a`, map("a", { bad: "1" }));
  assert.equal(refused.status, 400);
  assert.equal(refused.body.message, 'admission webhook "hook.example.com" denied the request: bad data');
  assert.equal((await world.call("DELETE", `${maps}/a`)).status, 200);
  assert.deepEqual(hook.asked.map(({ operation }) => operation), ["CREATE", "UPDATE", "DELETE"]);
  assert.equal(hook.asked[2].object, null);
  assert.equal(hook.asked[2].oldObject.metadata.name, "a");
  assert.deepEqual(hook.asked[0].resource, { group: "", version: "v1", resource: "configmaps" });
});

Deno.test("a mutating webhook changes what is stored, but not who the object is", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() =>
    jsonPatch([
      { op: "add", path: "/data", value: { added: "yes" } },
      { op: "add", path: "/unknown", value: 1 },
      { op: "replace", path: "/metadata/name", value: "other" },
    ])
  );
  await register(world, configuration("Mutating", hook));
  const { body } = await world.call("POST", maps, map("a"));
  assert.deepEqual(body.data, { added: "yes" });
  assert.equal(body.unknown, undefined);
  assert.equal(body.metadata.name, "a");
  assert.equal((await world.call("GET", `${maps}/other`)).status, 404);
});

Deno.test("a webhook that asks for it sees the object again when another changed it after", async () => {
  await using world = await apiWorld();
  await using first = await webhookServer(({ object }) =>
    jsonPatch([{ op: "add", path: "/metadata/labels", value: { seen: String(object.data?.late ?? "no") } }])
  );
  await using second = await webhookServer(() => jsonPatch([{ op: "add", path: "/data", value: { late: "yes" } }]));
  await register(world, configuration("Mutating", first, { reinvocationPolicy: "IfNeeded" }));
  const later = configuration("Mutating", second, { name: "late.example.com" });
  await register(world, { ...later, metadata: { name: "later" } });
  const { body } = await world.call("POST", maps, map("a"));
  assert.deepEqual(body.metadata.labels, { seen: "yes" });
  assert.equal(second.asked.length, 1);
});

Deno.test("a webhook that never answers stops what it guards, and nothing when its failure may be ignored", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => undefined);
  await register(world, configuration("Validating", hook, { timeoutSeconds: 1 }));
  const late = await world.call("POST", maps, map("a"));
  assert.equal(late.status, 500);
  assert.match(
    late.body.message,
    /^Internal error occurred: failed calling webhook "hook.example.com": failed to call/,
  );
  assert.match(late.body.message, /timeout=1s": context deadline exceeded$/);
  const path = `${registrations}/validatingwebhookconfigurations/hooks`;
  const patch = [{ op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" }];
  await world.call("PATCH", path, patch, { "content-type": "application/json-patch+json" });
  assert.equal((await world.call("POST", maps, map("a"))).status, 201);
});

Deno.test("whoever is not signed by the webhook's bundle is not asked", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: true }));
  await using other = await webhookServer(() => ({ allowed: true }));
  await register(world, configuration("Validating", { ...hook, caBundle: other.caBundle }));
  const { status, body } = await world.call("POST", maps, map("a"));
  assert.equal(status, 500, body.message);
  assert.equal(hook.asked.length, 0);
});

/** As if an older version had stored it, which took what v1 refuses. */
async function restore(world: ApiWorld, path: string, change: (text: string) => string): Promise<void> {
  const { entry } = await world.store.get(`/registry/${path}`);
  const text = change(new TextDecoder().decode(entry!.value));
  const { revision } = await world.store.put(`/registry/${path}`, new TextEncoder().encode(text), {
    expected: entry!.revision,
  });
  const seen = `resourceVersion=${revision}&resourceVersionMatch=NotOlderThan`;
  await world.call("GET", `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?${seen}`);
}

Deno.test("dry runs are refused where a webhook has side effects", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: true }));
  const effects = { sideEffects: "None", admissionReviewVersions: ["v1beta1"] };
  await register(world, configuration("Validating", hook, effects));
  await restore(world, "validatingwebhookconfigurations/hooks", (text) => text.replace('"None"', '"Some"'));
  const { status, body } = await world.call("POST", `${maps}?dryRun=All`, map("a"));
  assert.equal(status, 400);
  assert.equal(body.message, 'admission webhook "hook.example.com" does not support dry run');
  assert.equal(hook.asked.length, 0);
});

Deno.test("selectors and the webhooks' own configurations are outside of a webhook's reach", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: false }));
  const everything = [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"] }];
  const selector = { matchExpressions: [{ key: "skip", operator: "DoesNotExist" }] };
  await register(world, configuration("Validating", hook, { rules: everything, objectSelector: selector }));
  const skipped = { metadata: { name: "a", labels: { skip: "1" } } };
  assert.equal((await world.call("POST", maps, skipped)).status, 201);
  assert.equal((await world.call("POST", maps, map("b"))).status, 400);
  assert.equal((await world.call("DELETE", `${registrations}/validatingwebhookconfigurations/hooks`)).status, 200);
});

Deno.test("a refusal of exec by a webhook comes before any connection", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: false, status: { message: "no shells" } }));
  const rules = [{ operations: ["CONNECT"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/exec"] }];
  await register(world, configuration("Validating", hook, { rules }));
  const { body } = await world.call("GET", "/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true");
  assert.match(body.message, /denied the request: no shells$/);
  assert.deepEqual(hook.asked[0].object, { kind: "PodExecOptions", apiVersion: "v1", stdin: true, command: ["sh"] });
});

Deno.test("match conditions decide who is asked, and are compiled before they are stored", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: false }));
  const conditions = (...expressions: string[]) => ({
    matchConditions: expressions.map((expression, i) => ({ name: `c${i}`, expression })),
  });
  const broken = await world.call(
    "POST",
    `${registrations}/validatingwebhookconfigurations`,
    configuration("Validating", hook, conditions("object.metadata.")),
  );
  assert.equal(broken.status, 422);
  assert.match(
    broken.body.message,
    /webhooks\[0\].matchConditions\[0\].expression: Invalid value: .*compilation failed: ERROR/,
  );
  const spared = conditions('object.metadata.name != "skip-me"', 'request.userInfo.username == "kubernetes-admin"');
  await register(world, configuration("Validating", hook, spared));
  assert.equal((await world.call("POST", maps, map("skip-me"))).status, 201);
  assert.equal((await world.call("POST", maps, map("a"))).status, 400);
});

Deno.test("a match condition may ask who may do what, and an expression without end asks no webhook", async () => {
  await using world = await apiWorld();
  await using hook = await webhookServer(() => ({ allowed: false }));
  const loops = Array.from({ length: 7 }, (_, i) => `[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].all(v${i}, `);
  const bomb = `${loops.join("")}true${")".repeat(loops.length)}`;
  for (
    const [name, expression, status] of [
      ["asked", "authorizer.requestResource.check('create').allowed()", 400],
      ["spared", "!authorizer.group('').resource('secrets').check('get').allowed()", 201],
      ["bombed", bomb, 500],
    ] as const
  ) {
    await register(world, {
      ...configuration("Validating", hook, { matchConditions: [{ name: "c", expression }] }),
      metadata: { name },
    });
    const made = await world.call("POST", maps, map(name));
    assert.equal(made.status, status, JSON.stringify(made.body));
    await world.call("DELETE", `${registrations}/validatingwebhookconfigurations/${name}`);
  }
  assert.equal(hook.asked.length, 1);
});

Deno.test("of a collection that is deleted every object is asked about, and one that is refused stays", async () => {
  await using world = await apiWorld();
  const verdict = ({ name }: Review) => ({ allowed: name !== "c" });
  await using hook = await webhookServer(verdict);
  for (const name of ["a", "b", "c"]) await world.call("POST", maps, map(name));
  await register(world, configuration("Validating", hook));
  const answer = await world.call("DELETE", maps);
  assert.equal(answer.status, 400);
  assert.deepEqual(hook.asked.map(({ operation, oldObject }) => `${operation} ${oldObject.metadata.name}`).sort(), [
    ...["DELETE a", "DELETE b", "DELETE c"],
  ]);
  const { body } = await world.call("GET", maps);
  assert.ok(body.items.some(({ metadata }: { metadata: { name: string } }) => metadata.name === "c"));
});

Deno.test("a Binding and an Eviction are admitted as what they are, and what they bring about is not admitted again", async () => {
  await using world = await apiWorld();
  const verdict = ({ name }: Review) =>
    name === "kept" ? { allowed: false, status: { message: "not this one" } } : allow;
  await using hook = await webhookServer(verdict);
  const rules = [{ operations: ["*"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/*", "pods"] }];
  await world.call("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  const pods = "/api/v1/namespaces/default/pods";
  const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: "c", image: "i" }] } });
  for (const name of ["kept", "gone"]) await world.call("POST", pods, pod(name));
  await register(world, configuration("Validating", hook, { rules }));
  const binding = (name: string) => ({ metadata: { name }, target: { kind: "Node", name: "n" } });
  const eviction = (name: string) => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });
  assert.match((await world.call("POST", `${pods}/kept/binding`, binding("kept"))).body.message, /not this one/);
  assert.match((await world.call("POST", `${pods}/kept/eviction`, eviction("kept"))).body.message, /not this one/);
  assert.equal((await world.call("GET", `${pods}/kept`)).body.spec.nodeName, undefined);
  assert.equal((await world.call("POST", `${pods}/gone/binding`, binding("gone"))).status, 201);
  assert.equal((await world.call("POST", `${pods}/gone/eviction`, eviction("gone"))).status, 201);
  const seen = hook.asked.map(({ operation, subResource, kind }) => `${operation} ${subResource} ${kind.kind}`);
  const [bound, evicted] = ["CREATE binding Binding", "CREATE eviction Eviction"];
  assert.deepEqual(seen, [bound, evicted, bound, evicted]);
  assert.deepEqual(hook.asked[1].kind, { group: "policy", version: "v1", kind: "Eviction" });
  assert.equal(hook.asked[1].oldObject, null);
});

const allow = { allowed: true };

Deno.test("a webhook is asked over the connection of the last time, and over another when that is gone", async () => {
  await using hook = await webhookServer(() => ({ allowed: true }));
  await using world = await apiWorld();
  await world.call("POST", `${registrations}/validatingwebhookconfigurations`, configuration("Validating", hook));
  const create = async (name: string) =>
    (await world.call("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name } })).status;
  for (const name of ["a", "b", "c"]) assert.equal(await create(name), 201);
  assert.equal(hook.connections, 1);
  hook.dropConnections();
  assert.equal(await create("d"), 201);
  assert.equal(hook.connections, 2);
  assert.equal(hook.asked.length, 4);
});

Deno.test("what webhooks take, refuse and fail is counted under upstream's names", async () => {
  await using hook = await webhookServer(({ name }) => {
    return name === "bad" ? { allowed: false, status: { code: 418, message: "no" } } : { allowed: true };
  });
  await using world = await apiWorld();
  await world.call("POST", `${registrations}/validatingwebhookconfigurations`, configuration("Validating", hook));
  for (const name of ["good", "bad"]) await world.call("POST", maps, map(name));
  await hook[Symbol.asyncDispose]();
  assert.equal((await world.call("POST", maps, map("later"))).status, 500);
  const { body } = await world.call("GET", "/metrics");
  const told = String(body).split("\n").filter((line) => /^apiserver_admission_webhook_(request|rejection)/.test(line));
  const labels = 'name="hook.example.com",operation="CREATE"';
  const sorted = told.map((line) => line.replace(/\{(.*)\}/, (_, all) => `{${all.split(",").sort().join()}}`)).sort();
  assert.deepEqual(sorted, [
    `apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",${labels},rejection_code="0",type="validating"} 1`,
    `apiserver_admission_webhook_rejection_count{error_type="no_error",${labels},rejection_code="418",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="0",${labels},rejected="true",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="200",${labels},rejected="false",type="validating"} 1`,
    `apiserver_admission_webhook_request_total{code="200",${labels},rejected="true",type="validating"} 1`,
  ]);
});
