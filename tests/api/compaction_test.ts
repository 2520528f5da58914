/** What the store forgets, and how readers of the past are told. */
import assert from "node:assert/strict";
import { apiWorld, map, maps } from "./api_world.ts";
import { compactionMs, compactionSteps } from "../../runtime/api/compaction.ts";
import { VirtualClock } from "../support/virtual_clock.ts";

Deno.test("what was the present a step ago stays readable, what is older is forgotten", () => {
  const compacted: number[] = [];
  const store = { compact: (revision: number) => Promise.resolve(void compacted.push(revision)) };
  const cache = { revision: 10, horizon: 0 };
  const step = compactionSteps(store, cache, () => assert.fail());
  cache.revision = 25;
  step();
  cache.revision = 40;
  step();
  assert.deepEqual(compacted, [10, 25]);
});

Deno.test("a page token whose snapshot is gone is answered with one that goes on with the present", async () => {
  await using world = await apiWorld();
  for (const name of ["a", "b", "c"]) await world.call("POST", maps, map(name));
  const first = await world.call("GET", `${maps}?limit=1`);
  await world.call("DELETE", `${maps}/b`);
  await world.call("POST", maps, map("d"));
  await world.store.compact(await world.store.revision());
  const gone = await world.call("GET", `${maps}?limit=1&continue=${first.body.metadata.continue}`);
  assert.deepEqual([gone.status, gone.body.reason], [410, "Expired"]);
  const rest = await world.call("GET", `${maps}?continue=${gone.body.metadata.continue}`);
  const names = rest.body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  assert.deepEqual(names, ["c", "d"]);
});

Deno.test("a page token lives between one and two steps, also when nothing of its kind changes", async () => {
  const clock = new VirtualClock();
  await using world = await apiWorld({ clock });
  for (const name of ["a", "b"]) await world.call("POST", maps, map(name));
  const { body } = await world.call("GET", `${maps}?limit=1`);
  const page = () => world.call("GET", `${maps}?limit=1&continue=${body.metadata.continue}`);
  const elsewhere = () => world.call("POST", "/api/v1/namespaces/default/secrets", { metadata: { generateName: "s" } });
  await elsewhere();
  await clock.advance(compactionMs);
  assert.equal((await page()).status, 200);
  await elsewhere();
  await clock.advance(compactionMs);
  assert.equal((await page()).body.reason, "Expired");
});

Deno.test("a server whose store is away is alive and not ready", async () => {
  await using world = await apiWorld();
  await world.store.close();
  assert.equal((await world.call("GET", "/livez")).status, 200);
  assert.equal((await world.call("GET", "/readyz")).status, 500);
});
