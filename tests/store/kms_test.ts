import assert from "node:assert/strict";
import { grpcCall } from "../../runtime/client/grpc.ts";
import { type EncryptedStore, encryptedStore, parseEncryption } from "../../runtime/store/encryption/mod.ts";
import { openSqliteStore, type Store } from "../../runtime/store/mod.ts";
import { type KmsPlugin, kmsPlugin } from "../support/kms_plugin.ts";

interface Sealed {
  readonly raw: Store;
  readonly plugin: KmsPlugin;
  readonly pass: (seconds: number) => void;
  /** Another master, which has seen nothing yet. */
  readonly master: () => Promise<EncryptedStore>;
}

async function sealed(body: (world: Sealed) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "d8s-kms-" });
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  const plugin = await kmsPlugin(`${dir}/kms.sock`);
  let now = 0;
  const kms = { apiVersion: "v2", name: "vault", endpoint: `unix://${plugin.socket}`, timeout: "20s" };
  const master = async () =>
    encryptedStore(
      raw,
      await parseEncryption({
        apiVersion: "apiserver.config.k8s.io/v1",
        kind: "EncryptionConfiguration",
        resources: [{ resources: ["secrets"], providers: [{ kms }, { identity: {} }] }],
      }, {
        call: (socket, timeoutMs) => (method, message) =>
          grpcCall({ socket, method: `/v2.KeyManagementService/${method}`, message }, timeoutMs),
        now: () => now,
      }),
    );
  try {
    await body({ raw, plugin, master, pass: (seconds) => void (now += seconds * 1000) });
  } finally {
    await plugin.stop();
    await raw.close();
    await Deno.remove(dir, { recursive: true });
  }
}

const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
const bytes = (value: string) => new TextEncoder().encode(value);
const at = (name: string) => `/registry/secrets/a/${name}`;
const read = async (store: Store, name: string) => text((await store.get(at(name))).entry?.value);

/** Made by kube-apiserver's own library with this plug-in: "hunter2" at /registry/secrets/a/b. */
const upstreams =
  "azhzOmVuYzprbXM6djI6dmF1bHQ6CkMep862qBmTOmJhgyyZXg5hefIu8FDT9a8mXkZhxbkt/ALQv0QMPcFJG/K+ZgNClXLgbS+bfN0BnaUWkP5GSApuI3lbEgVrZXktMRogSbi0cQKkBBNZ/bwovY9/2mrkUHBNuCSl21I7mUXiS2giHQoUbm90ZS5rbXMuZXhhbXBsZS5jb20SBWtleS0xKAE=";

Deno.test("what kube-apiserver sealed with a KMS v2 plug-in is read", () =>
  sealed(async ({ raw, master }) => {
    const value = Uint8Array.from(atob(upstreams), (character) => character.charCodeAt(0));
    await raw.put(at("b"), value, { expected: 0 });
    await raw.put(at("moved"), value, { expected: 0 });
    const store = await master();
    assert.equal(await read(store, "b"), "hunter2");
    await assert.rejects(store.get(at("moved")), /cannot be decrypted/);
  }));

Deno.test("the plug-in is asked once for many values, and another master opens them with it", () =>
  sealed(async ({ raw, plugin, master }) => {
    const store = await master();
    const names = Array.from({ length: 50 }, (_, number) => `s${number}`);
    await Promise.all(names.map((name) => store.put(at(name), bytes(`hunter ${name}`), { expected: 0 })));
    assert.deepEqual(plugin.calls, ["Status", "Encrypt"]);
    const kept = (await raw.list({ prefix: at("") })).entries.map(({ value }) => text(value));
    assert.ok(kept.every((value) => value.startsWith("k8s:enc:kms:v2:vault:") && !value.includes("hunter")));
    assert.equal(new Set(kept).size, 50);
    const other = await master();
    const { entries } = await other.list({ prefix: at("") });
    assert.deepEqual(new Set(entries.map(({ value }) => text(value))), new Set(names.map((name) => `hunter ${name}`)));
    assert.deepEqual(plugin.calls, ["Status", "Encrypt", "Decrypt"]);
  }));

Deno.test("a new key of the plug-in's is taken up, what is under the old one is told, and goes over when asked", () =>
  sealed(async ({ plugin, master, pass }) => {
    const store = await master();
    await store.put(at("old"), bytes("hunter2"), { expected: 0 });
    plugin.keyId = "key-2";
    pass(60);
    await store.put(at("new"), bytes("hunter3"), { expected: 0 });
    assert.deepEqual(await store.keyUse(), [
      { resource: "secrets", key: "kms vault (key key-2)", count: 1, state: "fresh" },
      { resource: "secrets", key: "kms vault (key key-1)", count: 1, state: "stale" },
    ]);
    assert.equal(await store.rotate(), 1);
    assert.deepEqual(await store.keyUse(), [
      { resource: "secrets", key: "kms vault (key key-2)", count: 2, state: "fresh" },
    ]);
    assert.equal(await read(store, "old"), "hunter2");
  }));

Deno.test("without its plug-in a master says so, reads on, writes for a while, then refuses, and recovers by itself", () =>
  sealed(async ({ raw, plugin, master, pass }) => {
    const store = await master();
    await store.put(at("a"), bytes("hunter2"), { expected: 0 });
    assert.equal(await store.trouble(), undefined);
    await plugin.stop();
    pass(60);
    assert.match(await store.trouble() ?? "", /KMS plug-in vault did not answer Status/);
    await store.put(at("soon"), bytes("hunter3"), { expected: 0 });
    pass(300);
    await assert.rejects(store.put(at("late"), bytes("x"), { expected: 0 }), /late cannot be encrypted.*vault did not/);
    assert.equal((await raw.get(at("late"))).entry, undefined);
    assert.equal(await read(store, "a"), "hunter2");
    const fresh = await master();
    await assert.rejects(fresh.get(at("a")), /KMS plug-in vault did not answer Decrypt/);
    await plugin.start();
    pass(10);
    await store.put(at("late"), bytes("hunter4"), { expected: 0 });
    assert.equal(await store.trouble(), undefined);
    assert.equal(await read(fresh, "a"), "hunter2");
    plugin.healthz = "the vault is sealed";
    pass(60);
    assert.match(await store.trouble() ?? "", /unexpected healthz status: the vault is sealed/);
  }));
