/** What readers see while writers write and the master, or the store below it, is killed -9: nothing but the truth. */
import assert from "node:assert/strict";
import { openStore } from "../../runtime/store/mod.ts";
import { startEtcd } from "../support/etcd.ts";
import { breaches, type Change } from "./history.ts";
import { type Master, startMaster } from "./master.ts";
import { listMaps, startWatchers } from "./watchers.ts";
import { startWriters } from "./writers.ts";

const kills = 3;
const writesBetweenKills = 150;
const folder = "/registry/configmaps/default/";

Deno.test("sqlite: across kill -9 of the master no watcher goes back, skips or repeats, and lists are of one moment", async () => {
  await using master = await startMaster({});
  const world = await disturbed(master, async () => {
    await master.kill();
    await master.start();
  });
  await master.kill();
  await assertNoBreach(`sqlite:${master.folder}/data/store.db`, world);
});

Deno.test("etcd: across kill -9 of the master, and of etcd, readers see the truth and nothing acknowledged is lost", async () => {
  await using etcd = await startEtcd();
  const store = `etcd=${etcd.endpoint}`;
  await using master = await startMaster({ store });
  let round = 0;
  const world = await disturbed(master, async () => {
    const victim = round++ % 2 === 0 ? etcd : master;
    await victim.kill();
    await victim.start();
  });
  await master.kill();
  await assertNoBreach(store, world);
});

/** Four writers and six watchers, and a disturbance each time so many writes were answered. */
async function disturbed(master: Master, disturb: () => Promise<void>) {
  const { revision: start } = await listMaps(master);
  const watchers = startWatchers(master, 6);
  const writers = startWriters(master, 4, seeded(7));
  for (let kill = 0; kill <= kills; kill++) {
    const goal = writers.done + writesBetweenKills;
    while (writers.done < goal) await new Promise((resolve) => setTimeout(resolve, 20));
    if (kill < kills) await disturb();
  }
  await writers.stop();
  const last = await listMaps(master);
  await watchers.reached(Math.max(...writers.attempts.map(({ revision = 0 }) => revision)));
  await watchers.stop();
  return { start, attempts: writers.attempts, spans: watchers.spans, lists: [...watchers.lists, last] };
}

async function assertNoBreach(spec: string, world: Awaited<ReturnType<typeof disturbed>>): Promise<void> {
  const store = await openStore(spec);
  const truth = await historyOf(store, world.start);
  await store.close();
  const changes = world.spans.reduce((sum, { seen }) => sum + seen.length, 0);
  assert.ok(truth.length > kills * writesBetweenKills && changes > truth.length, `${truth.length}, ${changes}`);
  assert.deepEqual(breaches(truth, world), []);
}

/** The store's own history: nothing was compacted yet. */
async function historyOf(store: Awaited<ReturnType<typeof openStore>>, after: number): Promise<Change[]> {
  const end = await store.revision();
  const truth: Change[] = [];
  const stop = new AbortController();
  for await (const { changes, revision } of store.watch({ prefix: folder, after, signal: stop.signal })) {
    for (const change of changes) {
      if (change.type === "delete") truth.push({ revision: change.revision, key: nameOf(change.key) });
      else {truth.push({
          revision: change.entry.revision,
          key: nameOf(change.entry.key),
          mark: markOf(change.entry.value),
        });}
    }
    if (revision >= end) stop.abort();
    else if (changes.length === 0) await store.requestProgress();
  }
  return truth;
}

function nameOf(key: string): string {
  return key.slice(folder.length);
}

function markOf(value: Uint8Array): string {
  return JSON.parse(new TextDecoder().decode(value)).data.mark;
}

/** A multiplicative generator: the same writes in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = state * 48271 % 0x7fffffff) / 0x7fffffff;
}
