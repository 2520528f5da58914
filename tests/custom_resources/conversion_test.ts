/** Versions that a webhook converts: stored in one, read, listed, watched and written in the other. */
import assert from "node:assert/strict";
import { webhookServer } from "../admission/webhook_server.ts";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";
import { type Any, define, definition, specOf, widget, widgets } from "./definitions.ts";

/** v1 has `host: "a:1"`, v2 `name: "a", port: 1`. */
function converted(object: Any, apiVersion: string): Any {
  const { host, name, port } = object.spec;
  const spec = apiVersion.endsWith("v1") ? { host: `${name}:${port}` } : split(host);
  return { ...object, apiVersion, spec, metadata: { ...object.metadata, generation: 77 } };
}

function split(host: string): Any {
  const [name, port] = host.split(":");
  return { name, port: Number(port) };
}

const answer = ({ objects, desiredAPIVersion }: Any) => ({
  result: { status: "Success" },
  convertedObjects: objects.map((object: Any) => converted(object, desiredAPIVersion)),
});

const second = widgets.replace("/v1/", "/v2/");

async function versions(world: ApiWorld, hook: { url: string; caBundle: string }): Promise<void> {
  const v2 = { name: { type: "string" }, port: { type: "integer" } };
  await define(
    world,
    definition({}, {}, {
      versions: [
        { name: "v1", served: true, storage: true, schema: { openAPIV3Schema: specOf({ host: { type: "string" } }) } },
        {
          name: "v2",
          served: true,
          storage: false,
          schema: { openAPIV3Schema: specOf(v2) },
          selectableFields: [{ jsonPath: ".spec.name" }],
        },
      ],
      conversion: {
        strategy: "Webhook",
        webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: hook.url, caBundle: hook.caBundle } },
      },
    }),
  );
}

Deno.test("objects are read, listed, patched and made in a version that a webhook converts", async () => {
  await using hook = await webhookServer(answer);
  await using world = await apiWorld();
  await versions(world, hook);
  const made = await world.call("POST", widgets, widget({ host: "a:1" }));
  const read = await world.call("GET", `${second}/w`);
  assert.deepEqual([read.body.apiVersion, read.body.spec], ["example.com/v2", { name: "a", port: 1 }]);
  assert.equal(
    read.body.metadata.generation,
    made.body.metadata.generation,
    "a webhook does not decide about metadata",
  );
  const merge = { "content-type": "application/merge-patch+json" };
  const patched = await world.call("PATCH", `${second}/w`, { spec: { port: 2 } }, merge);
  assert.deepEqual([patched.status, patched.body.spec], [200, { name: "a", port: 2 }]);
  const body = { ...widget({ name: "b", port: 3 }, "x"), apiVersion: "example.com/v2" };
  assert.deepEqual((await world.call("POST", second, body)).body.spec, { name: "b", port: 3 });
  const hosts = (await world.call("GET", widgets)).body.items.map(({ spec }: Any) => spec.host);
  assert.deepEqual(hosts, ["a:2", "b:3"]);
  const named = await world.call("GET", `${second}?fieldSelector=spec.name%3Db`);
  assert.deepEqual(named.body.items.map(({ metadata }: Any) => metadata.name), ["x"]);
});

Deno.test("watchers see converted objects in order, selected by the fields of their version", async () => {
  await using hook = await webhookServer(answer);
  await using world = await apiWorld();
  await versions(world, hook);
  const seen: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const resource = world.api.resources.find("example.com", "v2", "widgets")!;
  using _watch = await world.api.registry.watch({ resource, namespace: "" }, { fieldSelector: "spec.name=a" }, {
    event: (type, { object }) => {
      seen.push(`${type} ${(object.spec as Any).port}`);
      if (type === "DELETED") resolve();
    },
    bookmark: () => {},
    closed: () => {},
  });
  await world.call("POST", widgets, widget({ host: "b:9" }, "other"));
  await world.call("POST", widgets, widget({ host: "a:1" }));
  const merge = { "content-type": "application/merge-patch+json" };
  await world.call("PATCH", `${widgets}/w`, { spec: { host: "a:2" } }, merge);
  await world.call("PATCH", `${widgets}/w`, { spec: { host: "c:3" } }, merge);
  await promise;
  assert.deepEqual(seen, ["ADDED 1", "MODIFIED 2", "DELETED 3"]);
});

Deno.test("a webhook that fails or answers with something else is told to the caller", async () => {
  await using hook = await webhookServer(() => ({ result: { status: "Failure", message: "no way" } }));
  await using world = await apiWorld();
  await versions(world, hook);
  await world.call("POST", widgets, widget({ host: "a:1" }));
  const { status, body } = await world.call("GET", `${second}/w`);
  assert.equal(status, 500);
  assert.match(body.message, /conversion webhook for example.com\/v1, Kind=Widget failed: no way/);
});

Deno.test("an answer that is another object, of another version or not all of them is refused with its place", async () => {
  const wrong: readonly [(object: Any) => Any[], RegExp][] = [
    [
      (object) => [{ ...object, metadata: { ...object.metadata, uid: "forged" } }],
      /Kind=Widget returned invalid converted object at index 0: must have the same UID: [-0-9a-f]+ != forged$/,
    ],
    [
      (object) => [{ ...object, apiVersion: "example.com/v3" }],
      /at index 0: invalid groupVersion \(expected example.com\/v2, received example.com\/v3\)$/,
    ],
    [() => [], /returned 0 objects, expected 1$/],
  ];
  for (const [twist, words] of wrong) {
    await using hook = await webhookServer((request) => {
      const { result, convertedObjects } = answer(request);
      return { result, convertedObjects: convertedObjects.flatMap(twist) };
    });
    await using world = await apiWorld();
    await versions(world, hook);
    await world.call("POST", widgets, widget({ host: "a:1" }));
    assert.match((await world.call("GET", `${second}/w`)).body.message, words);
  }
});
