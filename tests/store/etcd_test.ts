import assert from "node:assert/strict";
import { openEtcdStore, type Store, StoreError } from "../../runtime/store/mod.ts";
import { storeSuite, type StoreUnderTest } from "./store_suite.ts";
import { startEtcd } from "../support/etcd.ts";
import { etcdCertificates } from "../support/etcd_certificates.ts";

async function openFresh(): Promise<StoreUnderTest> {
  const etcd = await startEtcd();
  let store = await openEtcdStore({ endpoints: [etcd.endpoint] });
  return {
    get store() {
      return store;
    },
    async killAndReopen(): Promise<Store> {
      await etcd.kill();
      await store.close();
      await etcd.start();
      return store = await openEtcdStore({ endpoints: [etcd.endpoint] });
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await etcd[Symbol.asyncDispose]();
    },
  };
}

storeSuite("etcd", openFresh);

Deno.test("etcd: while it is dead calls fail as unavailable, and the same store works again when it is back", async () => {
  await using etcd = await startEtcd();
  const store = await openEtcdStore({ endpoints: [etcd.endpoint] });
  const written = await store.put("/a", new Uint8Array([1]), { expected: 0 });
  assert.ok(written.ok);
  const watch = store.watch({ prefix: "/", after: written.revision, signal: AbortSignal.timeout(30_000) })
    [Symbol.asyncIterator]();
  const unavailable = (error: unknown) => error instanceof StoreError && error.reason === "unavailable";
  // Expected before the kill: the watch may end while the kill is still waited for.
  const ended = assert.rejects(watch.next().then(() => watch.next()), unavailable);
  await etcd.kill();
  await ended;
  await assert.rejects(store.get("/a"), unavailable);
  await etcd.start();
  assert.equal((await store.get("/a")).entry?.revision, written.revision);
  await store.close();
});

Deno.test("etcd: an endpoint where nothing listens is refused at once", async () => {
  await assert.rejects(
    openEtcdStore({ endpoints: ["http://127.0.0.1:9"] }),
    (error: unknown) =>
      error instanceof StoreError && error.reason === "unavailable" && /does not answer/.test(error.message),
  );
});

Deno.test("etcd: with client certificates the store is used over TLS, and without one nobody gets in", async () => {
  const folder = await Deno.makeTempDir({ prefix: "d8s-etcd-tls-" });
  const tls = await etcdCertificates(folder);
  {
    await using etcd = await startEtcd({ tls });
    const read = (path: string) => Deno.readTextFileSync(path);
    const ca = read(tls.ca);
    const known = { ca, cert: read(tls.clientCert), key: read(tls.clientKey) };
    const store = await openEtcdStore({ endpoints: [etcd.endpoint], tls: known });
    assert.ok((await store.put("/a", new Uint8Array([1]), { expected: 0 })).ok);
    await store.close();
    await assert.rejects(openEtcdStore({ endpoints: [etcd.endpoint], tls: { ca } }), StoreError);
    await assert.rejects(openEtcdStore({ endpoints: [etcd.endpoint] }), StoreError);
  }
  await Deno.remove(folder, { recursive: true });
});
