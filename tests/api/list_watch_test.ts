/** Lists and watches: consistent, in order, without gap or repeat, bounded in what they remember. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld, map, maps } from "./api_world.ts";

interface Event {
  type: string;
  object: { metadata: { name: string; resourceVersion: string; annotations?: Record<string, string> }; code?: number };
}

/** Reads events until `enough` says so, then cancels the watch. */
async function watch(world: ApiWorld, query: string, enough: (events: Event[]) => boolean): Promise<Event[]> {
  const response = await world.api.fetch(new Request(`https://api${maps}?watch=true&${query}`));
  assert.equal(response.status, 200, response.status === 200 ? "" : await response.text());
  const events: Event[] = [];
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    events.push(...lines.map((line) => JSON.parse(line) as Event));
    if (enough(events)) break;
  }
  return events;
}

const shown = (events: Event[]) => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

Deno.test("a watch from a list's resourceVersion sees every later change once and in order", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("GET", maps);
  const from = body.metadata.resourceVersion;
  await Promise.all(Array.from({ length: 50 }, (_, i) => world.call("POST", maps, map(`m${i}`))));
  await world.call("DELETE", `${maps}/m7`);
  const events = await watch(world, `resourceVersion=${from}`, (seen) => seen.length >= 51);
  const revisions = events.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b));
  assert.equal(new Set(revisions).size, 51);
  assert.equal(shown(events).at(-1), "DELETED m7");
});

Deno.test("items of a list do not say what they are, as the list does", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a", { kind: "ConfigMap" }));
  const { body } = await world.call("GET", maps);
  assert.deepEqual([body.kind, body.items.length], ["ConfigMapList", 1]);
  const [{ kind, apiVersion, metadata, data }] = body.items;
  assert.deepEqual([kind, apiVersion, metadata.name, data], [undefined, undefined, "a", { kind: "ConfigMap" }]);
  const yaml = await world.api.fetch(new Request(`https://api${maps}`, { headers: { accept: "application/yaml" } }));
  assert.deepEqual((await yaml.text()).match(/^ *(- )?kind: .*$/gm), ["      kind: ConfigMap", "kind: ConfigMapList"]);
});

Deno.test("a change of labels is ADDED and DELETED to a selective watch", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("GET", maps);
  const headers = { "content-type": "application/merge-patch+json" };
  await world.call("POST", maps, map("a"));
  await world.call("PATCH", `${maps}/a`, { metadata: { labels: { on: "yes" } } }, headers);
  await world.call("PATCH", `${maps}/a`, { data: { x: "1" } }, headers);
  await world.call("PATCH", `${maps}/a`, { metadata: { labels: { on: null } } }, headers);
  await world.call("DELETE", `${maps}/a`);
  await world.call("POST", maps, map("end", {}, { on: "yes" }));
  const query = `resourceVersion=${body.metadata.resourceVersion}&labelSelector=on%3Dyes`;
  const events = await watch(world, query, (seen) => seen.at(-1)?.object.metadata.name === "end");
  assert.deepEqual(shown(events), ["ADDED a", "MODIFIED a", "DELETED a", "ADDED end"]);
});

Deno.test("sendInitialEvents sends what is there and then says that this was all", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a"));
  await world.call("POST", maps, map("b"));
  const query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&resourceVersion=";
  const events = await watch(world, query, (seen) => seen.at(-1)?.type === "BOOKMARK");
  assert.deepEqual(shown(events.slice(0, -1)), ["ADDED a", "ADDED b"]);
  assert.equal(events.at(-1)!.object.metadata.annotations!["k8s.io/initial-events-end"], "true");
});

Deno.test("a watch from before what the server remembers is Expired", async () => {
  await using world = await apiWorld();
  for (const name of ["a", "b", "c"]) await world.call("POST", maps, map(name));
  await world.restart();
  const { status, body: { type, object } } = await world.call("GET", `${maps}?watch=true&resourceVersion=1`);
  assert.deepEqual([status, type, object.code, object.reason], [200, "ERROR", 410, "Expired"]);
  assert.match(object.message, /^too old resource version: 1 \(\d+\)$/);
});

Deno.test("a watch ends after timeoutSeconds", async () => {
  await using world = await apiWorld();
  assert.deepEqual(await watch(world, "timeoutSeconds=1&resourceVersion=0", () => false), []);
});

Deno.test("pages are of one snapshot, whatever is written between them", async () => {
  await using world = await apiWorld();
  for (let i = 0; i < 10; i++) await world.call("POST", maps, map(`m${i}`));
  const first = await world.call("GET", `${maps}?limit=4`);
  assert.equal(first.body.metadata.remainingItemCount, 6);
  await world.call("DELETE", `${maps}/m5`);
  await world.call("POST", maps, map("m55"));
  const second = await world.call("GET", `${maps}?limit=4&continue=${first.body.metadata.continue}`);
  const third = await world.call("GET", `${maps}?limit=4&continue=${second.body.metadata.continue}`);
  const names = [first, second, third].flatMap(({ body }) =>
    body.items.map((item: Event["object"]) => item.metadata.name)
  );
  assert.deepEqual(names, Array.from({ length: 10 }, (_, i) => `m${i}`));
  assert.equal(third.body.metadata.continue, undefined);
  assert.equal(third.body.metadata.resourceVersion, first.body.metadata.resourceVersion);
});

Deno.test("a page after compaction is Expired and offers to go on inconsistently", async () => {
  await using world = await apiWorld();
  for (let i = 0; i < 6; i++) await world.call("POST", maps, map(`m${i}`));
  const first = await world.call("GET", `${maps}?limit=2`);
  await world.call("DELETE", `${maps}/m5`);
  await world.store.compact(await world.store.revision());
  const refused = await world.call("GET", `${maps}?limit=2&continue=${first.body.metadata.continue}`);
  assert.equal(refused.status, 410);
  const rest = await world.call("GET", `${maps}?continue=${refused.body.metadata.continue}`);
  assert.deepEqual(rest.body.items.map((item: Event["object"]) => item.metadata.name), ["m2", "m3", "m4"]);
});

Deno.test("Tables and metadata-only lists are the same objects in another form", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a", { k: "v" }));
  const table = await world.call("GET", maps, undefined, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  assert.equal(table.body.kind, "Table");
  assert.equal(table.body.rows[0].cells[0], "a");
  const accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  const partial = await world.call("GET", maps, undefined, { accept });
  assert.equal(partial.body.kind, "PartialObjectMetadataList");
  assert.deepEqual(Object.keys(partial.body.items[0]).sort(), ["apiVersion", "kind", "metadata"]);
});

Deno.test("a restart shows what was acknowledged", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", maps, map("a", { k: "v" }));
  await world.restart();
  assert.deepEqual((await world.call("GET", `${maps}/a`)).body, body);
});

Deno.test("JSON is indented for whoever asks for it, and for curl, but not where it is asked not to be", async () => {
  await using world = await apiWorld();
  await world.call("POST", maps, map("a"));
  const indented = async (query: string, agent: string) => {
    const request = new Request(`https://api${maps}/a${query}`, { headers: { "user-agent": agent } });
    return (await (await world.api.fetch(request)).text()).includes('\n  "kind"');
  };
  assert.equal(await indented("", "kubectl/v1.36"), false);
  assert.equal(await indented("?pretty=true", "kubectl/v1.36"), true);
  assert.equal(await indented("", "curl/8"), true);
  assert.equal(await indented("?pretty=0", "curl/8"), false);
});
