import assert from "node:assert/strict";
import { openSqliteStore, openStore, type Store, StoreError } from "../../runtime/store/mod.ts";
import { storeSuite, type StoreUnderTest } from "./store_suite.ts";

/** Its worker is terminated without a word for a kill inside one process; a real kill -9 has a test of its own below. */
async function openTemporary(): Promise<StoreUnderTest> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const path = `${folder}/store.db`;
  let store = await openSqliteStore({ path });
  return {
    get store() {
      return store;
    },
    async killAndReopen(): Promise<Store> {
      await store.close();
      return store = await openSqliteStore({ path });
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

storeSuite("sqlite", openTemporary);

/** Starts the holder of a store, asks for writes without end, kills it after some were acknowledged. */
async function writeUntilKilled(path: string, round: number, acknowledged: Map<string, number>): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", import.meta.resolve("./store_process.ts"), path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const asks = child.stdin.getWriter();
  const before = acknowledged.size;
  let asked = 0;
  let rest = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const { key, answer } = JSON.parse(line) as { key?: string; answer?: { revision: number } };
      if (key && answer) acknowledged.set(key, answer.revision);
    }
    if (acknowledged.size - before > 300) child.kill("SIGKILL");
    const batch = Array.from({ length: 64 }, () => JSON.stringify({ key: `/k/${round}-${asked++}` }) + "\n").join("");
    await asks.write(new TextEncoder().encode(batch)).catch(() => {});
  }
  await child.status;
  await asks.close().catch(() => {});
}

Deno.test("sqlite: a process killed -9 in the middle of its writes loses nothing that it acknowledged", async () => {
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const acknowledged = new Map<string, number>();
  for (let round = 0; round < 3; round++) await writeUntilKilled(`${folder}/store.db`, round, acknowledged);
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const { entries } = await store.list({ prefix: "/k/" });
  const found = new Map(entries.map((entry) => [entry.key, entry.revision]));
  assert.ok(acknowledged.size > 900);
  for (const [key, revision] of acknowledged) assert.equal(found.get(key), revision, key);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sqlite: a file that another process holds, or that is none, is refused with the reason", async () => {
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof StoreError && error.reason === "refused" && pattern.test(error.message);
  await assert.rejects(openSqliteStore({ path: `${folder}/store.db` }), refused(/another process has it open/));
  await Deno.writeTextFile(
    `${folder}/text.db`,
    "this is not a database, but it is long enough to be looked at ".repeat(20),
  );
  await assert.rejects(openSqliteStore({ path: `${folder}/text.db` }), refused(/not a database/));
  await assert.rejects(openSqliteStore({ path: `${folder}/no/such/folder.db` }), refused(/cannot open/));
  await assert.rejects(openStore("mysql:x"), refused(/sqlite:PATH or etcd=/));
  assert.equal((await Deno.stat(`${folder}/store.db`)).mode! & 0o777, 0o600);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sqlite: compaction in slices frees what was replaced and keeps the rest", async () => {
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  let revision = 0;
  for (let i = 0; i < 3000; i++) {
    const answer = await store.put("/hot", new Uint8Array(2000), { expected: revision });
    assert.ok(answer.ok);
    revision = answer.revision;
  }
  const before = await store.size();
  await store.compact(revision);
  while (await store.size() > before / 4) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal((await store.get("/hot")).entry?.revision, revision);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sqlite: a file of a newer layout is refused and left as it is", async () => {
  const { DatabaseSync } = await import("node:sqlite");
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const newer = new DatabaseSync(`${folder}/store.db`);
  newer.exec("CREATE TABLE future (x); PRAGMA user_version = 999");
  newer.close();
  await assert.rejects(openSqliteStore({ path: `${folder}/store.db` }), /written by a newer d8s/);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("sqlite: the log is moved into the file when it has become long, so neither it nor a start after it grows without end", async () => {
  const folder = await Deno.makeTempDir({ prefix: "d8s-store-" });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const value = new Uint8Array(16 * 1024);
  for (let round = 0; round < 40; round++) {
    const keys = Array.from({ length: 100 }, (_, at) => `/k/${round}-${at}`);
    await Promise.all(keys.map((key) => store.put(key, value, { expected: 0 })));
  }
  await store.size();
  const sizes = await Promise.all(["store.db", "store.db-wal"].map((name) => Deno.stat(`${folder}/${name}`)));
  const [file = 0, log = 0] = sizes.map(({ size }) => size / 2 ** 20);
  assert.ok(file > 40 && log < 24, `${file} MiB in the file, ${log} MiB in the log`);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});
