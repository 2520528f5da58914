/** What every store must do, said once; sqlite and etcd both run it. */
import assert from "node:assert/strict";
import { type Store, type StoreChange, StoreError, type WatchBatch } from "../../runtime/store/mod.ts";

/** A store that a test may kill -9 and have back with what it had. */
export interface StoreUnderTest extends AsyncDisposable {
  readonly store: Store;
  /** Ends it without warning and opens it again. */
  killAndReopen(): Promise<Store>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value?: Uint8Array) => new TextDecoder().decode(value);

/** Collects batches until `enough` says so. */
async function collect(batches: AsyncIterable<WatchBatch>, enough: (changes: StoreChange[]) => boolean) {
  const changes: StoreChange[] = [];
  for await (const batch of batches) {
    changes.push(...batch.changes);
    if (enough(changes)) break;
  }
  return changes;
}

function revisionOf(change: StoreChange): number {
  return change.type === "put" ? change.entry.revision : change.revision;
}

async function putNew(store: Store, key: string, value = "v"): Promise<number> {
  const answer = await store.put(key, bytes(value), { expected: 0 });
  assert.ok(answer.ok, `${key} was there already`);
  return answer.revision;
}

const hasReason = (reason: string) => (error: unknown) => error instanceof StoreError && error.reason === reason;

export function storeSuite(name: string, open: () => Promise<StoreUnderTest>): void {
  const test = (sentence: string, body: (under: StoreUnderTest) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      await using under = await open();
      await body(under);
    });

  test("what was put is read back byte for byte, with its revisions", async ({ store }) => {
    const odd = new Uint8Array([0, 255, 10, 34, 0]);
    const created = await store.put("/registry/pods/a/x", odd, { expected: 0 });
    assert.ok(created.ok);
    const updated = await store.put("/registry/pods/a/x", bytes("two"), { expected: created.revision });
    assert.ok(updated.ok && updated.revision > created.revision);
    const { entry, revision } = await store.get("/registry/pods/a/x");
    assert.deepEqual(entry, {
      key: "/registry/pods/a/x",
      value: bytes("two"),
      revision: updated.revision,
      created: created.revision,
    });
    assert.equal(revision, updated.revision);
    const past = await store.list({ prefix: "/registry/pods/", revision: created.revision });
    assert.deepEqual(past.entries[0]?.value, odd);
  });

  test("a conflict is an answer that shows what is there", async ({ store }) => {
    const revision = await putNew(store, "/k", "mine");
    const again = await store.put("/k", bytes("other"), { expected: 0 });
    assert.ok(!again.ok);
    assert.equal(text(again.current?.value), "mine");
    const stale = await store.delete("/k", { expected: revision + 100 });
    assert.ok(!stale.ok && stale.current?.revision === revision);
    const absent = await store.put("/absent", bytes("x"), { expected: 7 });
    assert.ok(!absent.ok && absent.current === undefined);
  });

  test("of racing writers from one revision exactly one wins", async ({ store }) => {
    const revision = await putNew(store, "/counter");
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, i) => store.put("/counter", bytes(`${i}`), { expected: revision })),
    );
    assert.equal(answers.filter((answer) => answer.ok).length, 1);
  });

  test("every write takes its own revision, and they ascend", async ({ store }) => {
    const revisions = await Promise.all(Array.from({ length: 200 }, (_, i) => putNew(store, `/many/${i}`)));
    assert.equal(new Set(revisions).size, 200);
    assert.equal(await store.count("/many/"), 200);
    assert.equal(await store.revision(), Math.max(...revisions));
  });

  test("a list pages over the snapshot of a revision while writers go on", async ({ store }) => {
    for (const key of ["a", "b", "c", "d", "e"]) await putNew(store, `/list/${key}`, key);
    await putNew(store, "/listing/outside");
    const first = await store.list({ prefix: "/list/", limit: 2 });
    assert.deepEqual([first.entries.map((entry) => text(entry.value)), first.remaining], [["a", "b"], 3]);
    await putNew(store, "/list/bb");
    const c = (await store.get("/list/c")).entry!;
    await store.delete("/list/c", { expected: c.revision });
    const rest = await store.list({ prefix: "/list/", limit: 2, startAfter: "/list/b", revision: first.revision });
    assert.deepEqual([rest.entries.map((entry) => text(entry.value)), rest.remaining], [["c", "d"], 1]);
    const now = await store.list({ prefix: "/list/" });
    assert.deepEqual(now.entries.map((entry) => entry.key), ["/list/a", "/list/b", "/list/bb", "/list/d", "/list/e"]);
  });

  test("a watch delivers every change under its prefix once, in order, beginning in the past", async ({ store }) => {
    const start = await store.revision();
    const first = await putNew(store, "/w/0");
    await putNew(store, "/elsewhere");
    const end = new AbortController();
    const seen = collect(
      store.watch({ prefix: "/w/", after: start, signal: end.signal }),
      (changes) => changes.length === 102,
    );
    await Promise.all(Array.from({ length: 100 }, (_, i) => putNew(store, `/w/${i + 1}`)));
    await store.delete("/w/0", { expected: first });
    const changes = await seen;
    const revisions = changes.map(revisionOf);
    assert.deepEqual(revisions, [...revisions].sort((a, b) => a - b));
    assert.equal(new Set(revisions).size, 102);
    const last = changes.at(-1)!;
    assert.ok(last.type === "delete" && last.key === "/w/0" && text(last.previous?.value) === "v");
  });

  test("watches that begin at any moment of a burst of writes miss and repeat nothing", async ({ store }) => {
    const start = await store.revision();
    const signal = AbortSignal.timeout(30_000);
    const total = 300;
    const watched: Promise<StoreChange[]>[] = [];
    for (let i = 0; i < total; i++) {
      const write = putNew(store, `/burst/${i}`);
      if (i % 30 === 0) {
        watched.push(collect(store.watch({ prefix: "/burst/", after: start, signal }), (c) => c.length >= total));
      }
      if (i % 7 === 0) await write;
    }
    for (const changes of await Promise.all(watched)) {
      assert.equal(new Set(changes.map(revisionOf)).size, total);
      assert.deepEqual(
        changes.map((c) => c.type === "put" && c.entry.key).sort(),
        Array.from({ length: total }, (_, i) => `/burst/${i}`).sort(),
      );
    }
  });

  test("a watcher resumes after the last revision it saw", async ({ store }) => {
    const start = await store.revision();
    const signal = AbortSignal.timeout(30_000);
    for (let i = 0; i < 10; i++) await putNew(store, `/r/${i}`);
    const first = await collect(store.watch({ prefix: "/r/", after: start, signal }), (c) => c.length >= 10);
    const cut = revisionOf(first[4]!);
    const second = await collect(store.watch({ prefix: "/r/", after: cut, signal }), (c) => c.length >= 5);
    assert.deepEqual(second.map(revisionOf), first.slice(5).map(revisionOf));
  });

  test("progress tells a watcher that nothing is missing", async ({ store }) => {
    const newest = await putNew(store, "/registry/x");
    const signal = AbortSignal.timeout(30_000);
    let reached = 0;
    for await (const { revision } of store.watch({ prefix: "/registry/", after: newest - 1, signal })) {
      reached = revision;
      if (reached > newest || reached === await store.revision()) break;
      await store.requestProgress();
    }
    assert.ok(reached >= newest);
  });

  test("what is compacted is refused by name, what is newer stays", async ({ store }) => {
    const first = await putNew(store, "/c/a", "old");
    const second = await store.put("/c/a", bytes("new"), { expected: first });
    assert.ok(second.ok);
    const gone = await putNew(store, "/c/gone");
    await store.delete("/c/gone", { expected: gone });
    const now = await putNew(store, "/c/b");
    await store.compact(now);
    await assert.rejects(store.list({ prefix: "/c/", revision: first }), hasReason("compacted"));
    const watch = store.watch({ prefix: "/c/", after: first, signal: AbortSignal.timeout(30_000) });
    await assert.rejects(collect(watch, () => false), hasReason("compacted"));
    const { entries } = await store.list({ prefix: "/c/" });
    assert.deepEqual(entries.map((entry) => text(entry.value)), ["new", "v"]);
    await assert.rejects(store.list({ prefix: "/c/", revision: now + 1000 }), hasReason("future"));
  });

  test("a key with a time to live removes itself, and a watcher hears of it", async ({ store }) => {
    const start = await store.revision();
    await store.put("/ttl/a", bytes("x"), { expected: 0, ttlSeconds: 1 });
    const changes = await collect(
      store.watch({ prefix: "/ttl/", after: start, signal: AbortSignal.timeout(30_000) }),
      (c) => c.length === 2,
    );
    assert.deepEqual(changes.map(({ type }) => type), ["put", "delete"]);
    assert.equal((await store.get("/ttl/a")).entry, undefined);
  });

  test("kill -9 loses nothing that was acknowledged, and watches go on where they were", async (under) => {
    const start = await under.store.revision();
    const acknowledged = new Map<string, number>();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; i < 400; i++) {
        const key = `/kill/${writer}-${i}`;
        const answer = await under.store.put(key, bytes(key), { expected: 0 }).catch(() => undefined);
        if (!answer?.ok) return;
        acknowledged.set(key, answer.revision);
      }
    });
    while (acknowledged.size < 200) await new Promise((resolve) => setTimeout(resolve, 1));
    const store = await under.killAndReopen();
    await Promise.all(writers);
    const { entries } = await store.list({ prefix: "/kill/" });
    const found = new Map(entries.map((entry) => [entry.key, entry.revision]));
    for (const [key, revision] of acknowledged) {
      assert.equal(found.get(key), revision, `${key} was acknowledged and is lost`);
    }
    const seen = await collect(
      store.watch({ prefix: "/kill/", after: start, signal: AbortSignal.timeout(30_000) }),
      (c) => c.length >= found.size,
    );
    assert.deepEqual(seen.map(revisionOf), [...found.values()].sort((a, b) => a - b));
    await putNew(store, "/kill/after");
  });
}
