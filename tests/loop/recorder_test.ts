import assert from "node:assert/strict";
import { getLogger } from "@logtape/logtape";
import { type Client, eventRecorder } from "../../runtime/loop/mod.ts";
import { ConfigMap, Event, type KubeObject, StatusError } from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { settle, VirtualClock } from "../support/virtual_clock.ts";

function recorderOf(client: Client, clock = new VirtualClock()) {
  const options = { client, clock, log: getLogger(["d8s", "test"]), source: { component: "tester", host: "n1" } };
  let draws = 0;
  return { clock, recorder: eventRecorder({ ...options, random: () => (draws++ % 1000) / 1000 }) };
}

async function withObject(body: (client: Client, object: KubeObject) => Promise<void>): Promise<void> {
  await using server = await apiServer();
  const metadata = { name: "a", namespace: "default" };
  const object = await server.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await body(server.client, object);
}

/** All Events, when they count `total` together. */
async function events(client: Client, total: number) {
  for (;;) {
    const { items } = await client.list(Event, { namespace: "default" });
    if (items.reduce((sum, { count = 0 }) => sum + count, 0) >= total) return items;
    await settle();
  }
}

Deno.test("repeats of an Event are counted in one, other words make another", () =>
  withObject(async (client, object) => {
    const { clock, recorder } = recorderOf(client);
    for (let n = 0; n < 3; n++) {
      recorder.event(object, "Warning", "Failed", "no room");
      await clock.advance(1000);
    }
    recorder.event(object, "Normal", "Done", "found room", { fieldPath: "spec.containers{c}" });
    const found = await events(client, 4);
    assert.deepEqual(found.map(({ reason, count }) => [reason, count]).sort(), [["Done", 1], ["Failed", 3]]);
    const failed = found.find(({ reason }) => reason === "Failed")!;
    assert.deepEqual([failed.firstTimestamp, failed.lastTimestamp], ["2030-01-01T00:00:00Z", "2030-01-01T00:00:02Z"]);
    assert.deepEqual(failed.source, { component: "tester", host: "n1" });
    assert.equal(failed.involvedObject.uid, object.metadata?.uid);
    assert.equal(found.find(({ reason }) => reason === "Done")?.involvedObject.fieldPath, "spec.containers{c}");
  }));

Deno.test("an Event that has run out on the server is written anew", () =>
  withObject(async (client, object) => {
    const { recorder } = recorderOf(client);
    recorder.event(object, "Warning", "Failed", "no room");
    const [first] = await events(client, 1);
    await client.delete(Event, first!.metadata);
    recorder.event(object, "Warning", "Failed", "no room");
    assert.equal((await events(client, 2))[0]?.count, 2);
  }));

Deno.test("one object cannot flood the server, and another is not held back by it", () =>
  withObject(async (client, object) => {
    const { recorder } = recorderOf(client);
    for (let n = 0; n < 1000; n++) recorder.event(object, "Warning", "Failed", `no room ${n}`);
    recorder.event({ ...object, metadata: { ...object.metadata, uid: "other" } }, "Warning", "Failed", "no room");
    assert.equal((await events(client, 26)).length, 26);
  }));

Deno.test("a server that refuses Events does not fail who records them", async () => {
  const create = () => Promise.reject(new StatusError("Forbidden", "no"));
  const { recorder } = recorderOf({ create } as unknown as Client);
  recorder.event({ kind: "Pod", metadata: { name: "p" } }, "Normal", "R", "m");
  await settle();
});
