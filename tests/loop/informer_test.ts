import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { ConfigMap, Secret, StatusError } from "../../runtime/schema/mod.ts";
import { sharedInformers } from "../../runtime/loop/informers.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";
import { item, ScriptedServer } from "./scripted_server.ts";

function setup() {
  const server = new ScriptedServer();
  const clock = new VirtualClock();
  const stop = new AbortController();
  const log = getLogger(["d8s", "test"]);
  const { client } = server;
  const informers = sharedInformers({ client, clock, random: () => 0.5, log, signal: stop.signal });
  const start = async () => {
    const informer = informers.of(ConfigMap);
    const told: string[] = [];
    informer.onChange(({ type, key, object }) => told.push(`${type} ${key}@${object.metadata.resourceVersion}`));
    await settle();
    return { informer, told };
  };
  return { server, clock, informers, start, [Symbol.dispose]: () => stop.abort() };
}

Deno.test("an informer tells what is there, then what changes, to those who come late too", async () => {
  using world = setup();
  const { server, start } = world;
  Object.assign(server, { items: [item("a", 3), item("b", 4)], version: 5 });
  const { informer, told } = await start();
  server.send({ type: "MODIFIED", object: item("a", 6) });
  server.send({ type: "DELETED", object: item("b", 7) });
  server.send({ type: "ADDED", object: item("c", 8) });
  await settle();
  assert.deepEqual(told, ["ADDED ns/a@3", "ADDED ns/b@4", "MODIFIED ns/a@6", "DELETED ns/b@7", "ADDED ns/c@8"]);
  const late: string[] = [];
  informer.onChange(({ type, key }) => late.push(`${type} ${key}`));
  assert.deepEqual(late, ["ADDED ns/a", "ADDED ns/c"]);
  assert.ok(Object.isFrozen(informer.get("ns/a")?.metadata));
});

Deno.test("an informer resumes from its last version, bookmarks included, without a new list", async () => {
  using world = setup();
  const { server, start, clock } = world;
  server.version = 5;
  await start();
  server.send({ type: "ADDED", object: item("a", 6) });
  await settle();
  server.end();
  await clock.advance(20_000);
  server.send({ type: "BOOKMARK", resourceVersion: "90" });
  await settle();
  server.end(new Error("connection reset"));
  await clock.advance(20_000);
  assert.deepEqual(server.watchedFrom, ["5", "6", "90"]);
  assert.equal(server.lists, 1);
});

Deno.test("an informer whose version is gone lists again and tells the differences", async () => {
  using world = setup();
  const { server, start, clock } = world;
  Object.assign(server, { items: [item("a", 3), item("b", 4), item("r", 5)], version: 5 });
  const { told } = await start();
  told.length = 0;
  Object.assign(server, { items: [item("a", 3), item("c", 19), item("r", 20, "another")], version: 20 });
  server.end(new StatusError("Expired", "too old resource version: 5 (18)"));
  await clock.advance(20_000);
  assert.deepEqual(told, ["ADDED ns/c@19", "DELETED ns/r@5", "ADDED ns/r@20", "DELETED ns/b@4"]);
  assert.deepEqual(server.watchedFrom, ["5", "20"]);
});

Deno.test("an informer backs off while the server is away, and goes on when it is back", async () => {
  using world = setup();
  const { server, start, clock } = world;
  server.failure = new StatusError("ServiceUnavailable", "away");
  const { informer } = await start();
  await clock.advance(600_000);
  assert.ok(server.lists < 120, `${server.lists} lists in ten minutes`);
  Object.assign(server, { failure: undefined, items: [item("a", 3)], version: 3 });
  await clock.advance(10_000);
  await informer.synced;
  assert.equal(informer.list().length, 1);
});

Deno.test("an informer never goes back in time", async () => {
  using world = setup();
  const { server, start, clock } = world;
  Object.assign(server, { items: [item("a", 8), item("b", 9)], version: 10 });
  const { told, informer } = await start();
  told.length = 0;
  server.send({ type: "MODIFIED", object: item("a", 7) });
  server.send({ type: "DELETED", object: item("b", 8) });
  server.send({ type: "ADDED", object: item("gone", 6) });
  await settle();
  assert.deepEqual(told, []);
  Object.assign(server, { items: [item("a", 2)], version: 4 });
  server.end(new StatusError("Expired", "a server that lags behind"));
  await clock.advance(20_000);
  assert.deepEqual(told, []);
  assert.equal(informer.get("ns/a")?.metadata.resourceVersion, "8");
});

Deno.test("loops that ask for the same kind and filter share one informer", () => {
  using world = setup();
  const { informers } = world;
  assert.equal(informers.of(ConfigMap), informers.of(ConfigMap, {}));
  assert.notEqual(informers.of(ConfigMap), informers.of(ConfigMap, { namespace: "ns" }));
  assert.notEqual(informers.of<unknown>(ConfigMap), informers.of<unknown>(Secret));
});

Deno.test("an index finds and counts objects as they are now, and a throwing handler harms no other", async () => {
  using world = setup();
  const { server, start } = world;
  Object.assign(server, { items: [item("a", 3)], version: 5 });
  const { informer } = await start();
  informer.onChange(() => {
    throw new Error("not our problem");
  });
  informer.addIndex("version", ({ metadata }) => [metadata.resourceVersion]);
  assert.equal(informer.by("version", "3").length, 1);
  server.send({ type: "MODIFIED", object: item("a", 6) });
  await settle();
  assert.equal(informer.by("version", "3").length, 0);
  assert.equal(informer.by("version", "6").length, 1);
  assert.deepEqual(["3", "6"].map((version) => informer.count("version", version)), [0, 1]);
  assert.throws(() => informer.by("nothing", "x"), RangeError);
  assert.throws(() => informer.count("nothing", "x"), RangeError);
});
