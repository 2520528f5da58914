/** Custom resources on a whole API server: pruned, defaulted, validated, in many versions, gone with their definition. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";
import { type Any, define, definition, definitions, specOf, widget, widgets } from "./definitions.ts";

const merge = { "content-type": "application/merge-patch+json" };
const apply = { "content-type": "application/apply-patch+yaml" };

Deno.test("what is sent is pruned, defaulted inside lists and maps, and validated", async () => {
  await using world = await apiWorld();
  const item = { type: "object", properties: { a: { type: "string", default: "x" } } };
  await define(
    world,
    definition(specOf({
      list: { type: "array", items: item },
      map: { type: "object", additionalProperties: item },
      few: { type: "integer", maximum: 3 },
    })),
  );
  const made = await world.call(
    "POST",
    `${widgets}?fieldValidation=Ignore`,
    widget({ list: [{ b: 1 }], map: { k: {} } }),
  );
  assert.deepEqual(made.body.spec, { list: [{ a: "x" }], map: { k: { a: "x" } } });
  const strict = await world.call("POST", `${widgets}?fieldValidation=Strict`, widget({ list: [{ b: 1 }] }, "s"));
  assert.match(strict.body.message, /strict decoding error: unknown field "spec.list\[0\].b"/);
  const bad = await world.call("POST", widgets, widget({ few: 4 }, "bad"));
  assert.equal(bad.status, 422);
  assert.equal(
    bad.body.message,
    'Widget.example.com "bad" is invalid: spec.few: Invalid value: 4: spec.few in body should be less than or equal to 3',
  );
});

Deno.test("a default that comes later is seen in what was stored before", async () => {
  await using world = await apiWorld();
  await define(world, definition(specOf({ a: { type: "string" } })));
  await world.call("POST", widgets, widget({}));
  const change = definition(specOf({ a: { type: "string", default: "late" } }));
  const patched = await world.call("PATCH", `${definitions}/widgets.example.com`, { spec: change.spec }, merge);
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  assert.equal((await world.call("GET", `${widgets}/w`)).body.spec.a, "late");
  assert.equal((await world.call("GET", widgets)).body.items[0].spec.a, "late");
});

Deno.test("any fields are kept, applied and patched where the schema keeps them", async () => {
  await using world = await apiWorld();
  await define(world, definition({ type: "object", "x-kubernetes-preserve-unknown-fields": true }));
  const body = { ...widget({ unknown: "x", ports: [{ name: "a", port: 80 }] }, "any"), extra: 1 };
  const path = `${widgets}/any?fieldManager=test&fieldValidation=Strict`;
  const applied = await world.call("PATCH", path, body, apply);
  assert.equal(applied.status, 201, JSON.stringify(applied.body));
  assert.equal(applied.body.extra, 1);
  assert.equal(applied.body.spec.unknown, "x");
  const again = await world.call("PATCH", path, { ...body, spec: { unknown: "y" } }, apply);
  assert.deepEqual([again.status, again.body.spec], [200, { unknown: "y" }]);
});

Deno.test("one object is read and written in every served version", async () => {
  await using world = await apiWorld();
  const schema = { openAPIV3Schema: specOf({ a: { type: "string" } }) };
  const versions = [
    { name: "v1", served: true, storage: true, schema },
    { name: "v2", served: true, storage: false, schema },
  ];
  await define(world, definition({}, {}, { versions }));
  await world.call("POST", widgets, widget({ a: "x" }));
  const second = widgets.replace("/v1/", "/v2/");
  const read = await world.call("GET", `${second}/w`);
  assert.equal(read.body.apiVersion, "example.com/v2");
  const changed = await world.call("PATCH", `${second}/w`, { spec: { a: "y" } }, merge);
  assert.deepEqual([changed.status, changed.body.apiVersion, changed.body.spec.a], [200, "example.com/v2", "y"]);
  assert.equal((await world.call("GET", `${widgets}/w`)).body.apiVersion, "example.com/v1");
});

Deno.test("a name that another definition has is told in the conditions", async () => {
  await using world = await apiWorld();
  await define(world, definition(specOf({})));
  const other: Any = definition(specOf({}));
  other.metadata.name = "gadgets.example.com";
  other.spec.names = { plural: "gadgets", kind: "Gadget", shortNames: ["wd"] };
  await world.call("POST", definitions, other);
  const { promise, resolve } = Promise.withResolvers<Any>();
  const resource = world.api.resources.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;
  using _watch = await world.api.registry.watch({ resource, namespace: "" }, {}, {
    event: (_type, { object }) => {
      const conditions = (object.status as Any)?.conditions ?? [];
      if (object.metadata.name === "gadgets.example.com" && conditions.length > 0) resolve(conditions);
    },
    bookmark: () => {},
    closed: () => {},
  });
  const names = (await promise).find(({ type }: Any) => type === "NamesAccepted");
  assert.deepEqual([names.status, names.reason, names.message], [
    "False",
    "ShortNamesConflict",
    '"wd" is already in use',
  ]);
});

Deno.test("what is wrong with a typed body is told in the order in which it stands there", async () => {
  await using world = await apiWorld();
  const body = '{"metadata":{"name":"a"},"data":{"k":"v"},"extra":1,"immutable":true,"immutable":false}';
  const path = "/api/v1/namespaces/default/configmaps?fieldValidation=Strict";
  const { message } = (await world.call("POST", path, body)).body;
  assert.match(message, /strict decoding error: unknown field "extra", duplicate field "immutable"$/);
});

/** The first state of a definition that is wanted. */
async function once(world: ApiWorld, name: string, wanted: (status: Any, type: string) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const resource = world.api.resources.find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;
  using _watch = await world.api.registry.watch({ resource, namespace: "" }, {}, {
    event: (type, { object }) => {
      if (object.metadata.name === name && wanted(object.status ?? {}, type)) resolve();
    },
    bookmark: () => {},
    closed: () => {},
  });
  await promise;
}

const holds = (status: Any, type: string, value = "True") =>
  (status.conditions ?? []).some((one: Any) => one.type === type && one.status === value);

Deno.test("a definition that goes takes its objects along, makes no new ones, and frees its names for who waits", async () => {
  await using world = await apiWorld();
  await define(world, definition(specOf({})));
  const held: Any = widget({}, "held");
  held.metadata.finalizers = ["example.com/hold"];
  await world.call("POST", widgets, held);
  await world.call("POST", widgets, widget({}, "free"));
  const other: Any = definition(specOf({}));
  other.metadata.name = "gadgets.example.com";
  other.spec.names = { plural: "gadgets", kind: "Gadget", shortNames: ["wd"] };
  await world.call("POST", definitions, other);

  await world.call("DELETE", `${definitions}/widgets.example.com`);
  await once(world, "widgets.example.com", (status) => holds(status, "Terminating"));
  const refused = await world.call("POST", widgets, widget({}, "late"));
  assert.deepEqual([refused.status, refused.body.message], [
    405,
    "create not allowed while custom resource definition is terminating",
  ]);
  const gone = once(world, "widgets.example.com", (_status, type) => type === "DELETED");
  await world.call("PATCH", `${widgets}/held`, { metadata: { finalizers: null } }, merge);
  await gone;
  await once(world, "gadgets.example.com", (status) => holds(status, "Established"));
  assert.equal((await world.call("GET", widgets)).status, 404);
});

Deno.test("an embedded object is pruned by its schema and checked as an object", async () => {
  await using world = await apiWorld();
  const properties = { spec: { type: "object", properties: { a: { type: "string" } } } };
  const template = { type: "object", "x-kubernetes-embedded-resource": true, properties };
  await define(world, definition(specOf({ template })));
  const inner = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", odd: 1 }, spec: { a: "x", b: "y" }, c: 1 };
  const made = await world.call("POST", widgets, widget({ template: inner }));
  const kept = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { a: "x" } };
  assert.deepEqual(made.body.spec.template, kept);
  const wrong = await world.call(
    "POST",
    widgets,
    widget({ template: { ...kept, apiVersion: "a/b/c", kind: "1" } }, "x"),
  );
  assert.deepEqual(wrong.body.details.causes.map(({ field }: Any) => field), [
    "spec.template.apiVersion",
    "spec.template.kind",
  ]);
});
