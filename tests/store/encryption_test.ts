import assert from "node:assert/strict";
import { aesCbc, aesGcm } from "../../runtime/store/encryption/ciphers.ts";
import { encryptedStore, parseEncryption } from "../../runtime/store/encryption/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

const key = (name: string, byte: number) => ({ name, secret: btoa(String.fromCharCode(...new Array(32).fill(byte))) });
const rules = (...providers: object[]) =>
  parseEncryption({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "EncryptionConfiguration",
    resources: [{ resources: ["secrets", "widgets.example.com"], providers }],
  });
const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
const bytes = (value: string) => new TextEncoder().encode(value);

Deno.test("secrets are sealed under the first key, read under every key, and go over to a new one as they are written", async () => {
  const dir = await Deno.makeTempDir();
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  try {
    const store = encryptedStore(raw, await rules({ identity: {} }));
    const secret = "/registry/secrets/a/b";
    await store.put("/registry/secrets/a/old", bytes("plain"), { expected: 0 });
    store.use(await rules({ aesgcm: { keys: [key("k1", 1)] } }, { identity: {} }));
    await store.put(secret, bytes("hunter2"), { expected: 0 });
    await store.put("/registry/configmaps/a/b", bytes("open"), { expected: 0 });
    await store.put("/registry/example.com/widgets/a/b", bytes("sealed too"), { expected: 0 });
    assert.match(text((await raw.get(secret)).entry?.value), /^k8s:enc:aesgcm:v1:k1:/);
    assert.ok(!text((await raw.get(secret)).entry?.value).includes("hunter2"));
    assert.match(text((await raw.get("/registry/example.com/widgets/a/b")).entry?.value), /^k8s:enc:aesgcm/);
    assert.equal(text((await raw.get("/registry/configmaps/a/b")).entry?.value), "open");
    assert.deepEqual((await store.list({ prefix: "/registry/secrets/" })).entries.map(({ value }) => text(value)), [
      "hunter2",
      "plain",
    ]);
    assert.deepEqual(await store.stale("/registry/secrets/"), ["/registry/secrets/a/old"]);
    store.use(
      await rules({ aescbc: { keys: [key("k2", 2)] } }, { aesgcm: { keys: [key("k1", 1)] } }, { identity: {} }),
    );
    const { entry } = await store.get(secret);
    assert.equal(text(entry?.value), "hunter2");
    const wrong = await store.put(secret, bytes("x"), { expected: 1 });
    assert.ok(!wrong.ok && text(wrong.current?.value) === "hunter2");
    await store.put(secret, bytes("hunter3"), { expected: entry!.revision });
    assert.match(text((await raw.get(secret)).entry?.value), /^k8s:enc:aescbc:v1:k2:/);
    const stop = new AbortController();
    for await (
      const { changes } of store.watch({ prefix: "/registry/", after: entry!.revision, signal: stop.signal })
    ) {
      const last = changes.at(-1);
      if (last?.type !== "put" || last.entry.key !== secret) continue;
      assert.equal(text(last.entry.value), "hunter3");
      break;
    }
    stop.abort();
  } finally {
    await raw.close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a sealed value that was moved, or whose key is gone, is an error and nobody's value", async () => {
  const dir = await Deno.makeTempDir();
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  try {
    const store = encryptedStore(raw, await rules({ aesgcm: { keys: [key("k1", 1)] } }));
    await store.put("/registry/secrets/a/mine", bytes("mine"), { expected: 0 });
    const { entry } = await raw.get("/registry/secrets/a/mine");
    await raw.put("/registry/secrets/b/yours", entry!.value, { expected: 0 });
    await assert.rejects(store.get("/registry/secrets/b/yours"), /cannot be decrypted/);
    store.use(await rules({ aesgcm: { keys: [key("k2", 2)] } }));
    await assert.rejects(store.get("/registry/secrets/a/mine"), /no key of the configuration opens/);
    store.use(await rules({ aesgcm: { keys: [key("k1", 2)] } }));
    await assert.rejects(store.get("/registry/secrets/a/mine"), /cannot be decrypted/);
  } finally {
    await raw.close();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("every cipher takes keys of 16, 24 and 32 bytes, and what it sealed opens under its own path only", async () => {
  for (const make of [aesGcm, aesCbc]) {
    for (const length of [16, 24, 32]) {
      const cipher = await make({ name: "k", secret: new Uint8Array(length).fill(7) });
      const [one, other] = [await cipher.encrypt(bytes("hunter2"), "/a"), await cipher.encrypt(bytes("hunter2"), "/a")];
      assert.notDeepEqual(one, other);
      assert.equal(text(await cipher.decrypt(one, "/a")), "hunter2");
      await assert.rejects(cipher.decrypt(one.subarray(0, -1), "/a"));
      if (make === aesGcm) await assert.rejects(cipher.decrypt(one, "/b"));
    }
  }
});

Deno.test("a configuration that cannot be kept is refused with its field", async () => {
  await assert.rejects(rules({ kms: { name: "x" } }), /resources\.0\.providers\.0/);
  await assert.rejects(rules({ aesgcm: { keys: [{ name: "k", secret: btoa("short") }] } }), /key k has 5 bytes/);
  await assert.rejects(parseEncryption({ kind: "EncryptionConfiguration" }), /apiVersion/);
});
