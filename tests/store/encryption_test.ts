import assert from "node:assert/strict";
import { encryptedStore, parseEncryption } from "../../runtime/store/encryption/mod.ts";
import { aesCbc, aesGcm } from "../../runtime/store/encryption/ciphers.ts";
import { openEtcdStore, openSqliteStore, type Store } from "../../runtime/store/mod.ts";
import { startEtcd } from "../support/etcd.ts";

const noPlugins = { call: () => () => Promise.reject(new Error("there is no plug-in")), now: () => 0 };
const key = (name: string, byte: number, length = 32) => ({
  name,
  secret: btoa(String.fromCharCode(...new Array(length).fill(byte))),
});
const gcm = (name: string, byte: number) => ({ aesgcm: { keys: [key(name, byte)] } });
const entries = (...resources: { resources: string[]; providers: object[] }[]) =>
  parseEncryption({ apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources }, noPlugins);
const rules = (...providers: object[]) => entries({ resources: ["secrets", "widgets.example.com"], providers });
const text = (value: Uint8Array | undefined) => new TextDecoder().decode(value);
const bytes = (value: string) => new TextEncoder().encode(value);

async function onSqlite(body: (raw: Store) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  try {
    await body(raw);
  } finally {
    await raw.close();
    await Deno.remove(dir, { recursive: true });
  }
}

async function onEtcd(body: (raw: Store) => Promise<void>): Promise<void> {
  await using etcd = await startEtcd();
  const raw = await openEtcdStore({ endpoints: [etcd.endpoint] });
  try {
    await body(raw);
  } finally {
    await raw.close();
  }
}

Deno.test("secrets are sealed under the first key, read under every key, and go over to a new one as they are written", () =>
  onSqlite(async (raw) => {
    const store = encryptedStore(raw, await rules({ identity: {} }));
    const secret = "/registry/secrets/a/b";
    await store.put("/registry/secrets/a/old", bytes("plain"), { expected: 0 });
    store.use(await rules(gcm("k1", 1), { identity: {} }));
    await store.put(secret, bytes("hunter2"), { expected: 0 });
    await store.put("/registry/configmaps/a/b", bytes("open"), { expected: 0 });
    assert.match(text((await raw.get(secret)).entry?.value), /^k8s:enc:aesgcm:v1:k1:/);
    assert.ok(!text((await raw.get(secret)).entry?.value).includes("hunter2"));
    assert.equal(text((await raw.get("/registry/configmaps/a/b")).entry?.value), "open");
    assert.deepEqual((await store.list({ prefix: "/registry/secrets/" })).entries.map(({ value }) => text(value)), [
      "hunter2",
      "plain",
    ]);
    store.use(await rules({ aescbc: { keys: [key("k2", 2)] } }, gcm("k1", 1), { identity: {} }));
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
  }));

/** One key of each kind that the names below may mean, and what is in the store for it. */
const keys = {
  secrets: "/registry/secrets/a/b",
  nodes: "/registry/minions/n",
  endpoints: "/registry/services/endpoints/a/b",
  services: "/registry/services/specs/a/b",
  events: "/registry/events/a/b",
  "deployments.apps": "/registry/deployments/a/b",
  "statefulsets.apps": "/registry/statefulsets/a/b",
  "ingresses.networking.k8s.io": "/registry/ingress/a/b",
  "customresourcedefinitions.apiextensions.k8s.io": "/registry/apiextensions.k8s.io/customresourcedefinitions/x",
  "widgets.example.com": "/registry/example.com/widgets/a/b",
  "secrets.example.com": "/registry/example.com/secrets/a/b",
};
const core = ["secrets", "nodes", "endpoints", "services", "events"];

const sealedBy: readonly [string, readonly string[]][] = [
  ["secrets", ["secrets"]],
  ["nodes", ["nodes"]],
  ["endpoints", ["endpoints"]],
  ["deployments.apps", ["deployments.apps"]],
  ["deployments", []],
  ["*.apps", ["deployments.apps", "statefulsets.apps"]],
  ["*.", core],
  ["*.example.com", ["widgets.example.com", "secrets.example.com"]],
  ["*.networking.k8s.io", ["ingresses.networking.k8s.io"]],
  ["*.*", Object.keys(keys)],
];

for (const [name, sealed] of sealedBy) {
  Deno.test(`"${name}" seals ${sealed.length === 0 ? "nothing that is there" : sealed.join(", ")}, and leaves all else`, () =>
    onSqlite(async (raw) => {
      const store = encryptedStore(raw, await entries({ resources: [name], providers: [gcm("k1", 1)] }));
      for (const at of Object.values(keys)) await store.put(at, bytes("hunter2"), { expected: 0 });
      const found: string[] = [];
      for (const [resource, at] of Object.entries(keys)) {
        const stored = text((await raw.get(at)).entry?.value);
        if (stored.startsWith("k8s:enc:aesgcm:v1:k1:")) found.push(resource);
        assert.equal(stored.includes("hunter2"), !found.includes(resource));
      }
      assert.deepEqual(found, sealed);
    }));
}

Deno.test("a narrower name that stands first takes its resource out; one that could never count is refused", async () => {
  await onSqlite(async (raw) => {
    const store = encryptedStore(
      raw,
      await entries(
        { resources: ["events", "deployments.apps"], providers: [{ identity: {} }] },
        { resources: ["*.*"], providers: [gcm("k1", 1)] },
      ),
    );
    for (const at of Object.values(keys)) await store.put(at, bytes("hunter2"), { expected: 0 });
    const clear = (await raw.list({ prefix: "/" })).entries.filter(({ value }) => text(value) === "hunter2");
    assert.deepEqual(clear.map(({ key }) => key).sort(), [keys["deployments.apps"], keys.events]);
  });
  const each = (...names: string[]) =>
    entries(...names.map((name) => ({ resources: [name], providers: [gcm("k", 1)] })));
  const together = (...names: string[]) => entries({ resources: names, providers: [gcm("k", 1)] });
  await assert.rejects(each("*.*", "secrets"), /resource "secrets" is masked by earlier rule "\*\.\*"/);
  await assert.rejects(each("*.", "nodes"), /resource "nodes" is masked by earlier rule "\*\."/);
  await assert.rejects(each("*.apps", "*.apps"), /masked/);
  await assert.rejects(together("*.apps", "*.*"), /overlapping/);
  await assert.rejects(together("*.", "secrets"), /overlapping/);
  await assert.rejects(together("secrets", "secrets"), /the same resource cannot be specified multiple times/);
  await assert.rejects(together("*"), /use '\*\.' to encrypt all the resources from core API group/);
  await assert.rejects(together("Secrets"), /capital letters/);
  await assert.rejects(together("*.extensions"), /'extensions' group has been removed/);
  await assert.rejects(together("events.events.k8s.io"), /Use 'events' instead/);
  await each("*.apps", "*.*");
  await each("secrets", "secrets");
});

/** Made by kube-apiserver's own library: "hunter2" at /registry/secrets/a/b. */
const upstreams = {
  aesgcm: [
    key("k1", 98, 16),
    "azhzOmVuYzphZXNnY206djE6azE60yHtUerOvO/CigTEh9OdT6kVivqYdLAsQ058o0w8BIxq5s4=",
  ],
  aescbc: [
    key("k1", 97),
    "azhzOmVuYzphZXNjYmM6djE6azE6Czg5kKJ8fFVZiuAG/QPVMkRPqX0IdYxG36oTuIPcXNM=",
  ],
  secretbox: [
    key("k1", 97),
    "azhzOmVuYzpzZWNyZXRib3g6djE6azE6kydvvw2pu1Oy7FmD9P1/xEUErQXBccgYfsIIeaZM/w6QZPf1q75S7kvuE1HAmJk=",
  ],
} as const;

for (const [provider, [secret, stored]] of Object.entries(upstreams)) {
  Deno.test(`what kube-apiserver sealed with ${provider} is read, and what is written looks like it`, () =>
    onSqlite(async (raw) => {
      const value = Uint8Array.from(atob(stored), (character) => character.charCodeAt(0));
      await raw.put("/registry/secrets/a/b", value, { expected: 0 });
      const store = encryptedStore(raw, await rules({ [provider]: { keys: [secret] } }));
      assert.equal(text((await store.get("/registry/secrets/a/b")).entry?.value), "hunter2");
      await store.put("/registry/secrets/a/c", bytes("hunter2"), { expected: 0 });
      const ours = (await raw.get("/registry/secrets/a/c")).entry!.value;
      assert.equal(ours.length, value.length);
      assert.ok(text(ours).startsWith(`k8s:enc:${provider}:v1:k1:`));
      assert.equal(text((await store.get("/registry/secrets/a/c")).entry?.value), "hunter2");
      ours[ours.length - 1]! ^= 1;
      await raw.put("/registry/secrets/a/d", ours, { expected: 0 });
      if (provider !== "aescbc") await assert.rejects(store.get("/registry/secrets/a/d"), /cannot be decrypted/);
    }));
}

Deno.test("a sealed value that was moved, or whose key is gone, is an error and nobody's value", () =>
  onSqlite(async (raw) => {
    const store = encryptedStore(raw, await rules(gcm("k1", 1)));
    await store.put("/registry/secrets/a/mine", bytes("mine"), { expected: 0 });
    const { entry } = await raw.get("/registry/secrets/a/mine");
    await raw.put("/registry/secrets/b/yours", entry!.value, { expected: 0 });
    await assert.rejects(store.get("/registry/secrets/b/yours"), /cannot be decrypted/);
    store.use(await rules(gcm("k2", 2)));
    await assert.rejects(store.get("/registry/secrets/a/mine"), /no key of the configuration opens/);
    assert.deepEqual(await store.keyUse(), [{ resource: "secrets", key: "aesgcm k1", count: 2, state: "lost" }]);
    store.use(await rules(gcm("k1", 2)));
    await assert.rejects(store.get("/registry/secrets/a/mine"), /cannot be decrypted/);
  }));

Deno.test("every cipher takes keys of 16, 24 and 32 bytes, and what it sealed opens under its own path only", async () => {
  for (const make of [aesGcm, aesCbc]) {
    for (const length of [16, 24, 32]) {
      const cipher = await make({ name: "k", secret: new Uint8Array(length).fill(7) });
      const plain = new TextEncoder().encode("hunter2");
      const [one, other] = [await cipher.encrypt(plain, "/a"), await cipher.encrypt(plain, "/a")];
      assert.notDeepEqual(one, other);
      assert.deepEqual(await cipher.decrypt(one, "/a"), plain);
      await assert.rejects(cipher.decrypt(one.subarray(0, -1), "/a"));
      if (make === aesGcm) await assert.rejects(cipher.decrypt(one, "/b"));
    }
  }
});

Deno.test("a configuration that cannot be kept is refused with its field", async () => {
  await assert.rejects(
    rules({ kms: { name: "x", endpoint: "unix:///run/x" } }),
    /providers\.0\.kms.*KMSv1 is deprecated/,
  );
  await assert.rejects(
    rules({ kms: { apiVersion: "v2", name: "x", endpoint: "https://x" } }),
    /providers\.0\.kms\.endpoint: must be a unix socket/,
  );
  await assert.rejects(
    rules({ aesgcm: { keys: [{ name: "k", secret: btoa("short") }] } }),
    /key k: secret is not of the/,
  );
  await assert.rejects(rules({ secretbox: { keys: [key("k", 1, 16)] } }), /got 16, expected one of 32/);
  await assert.rejects(parseEncryption({ kind: "EncryptionConfiguration" }, noPlugins), /apiVersion/);
});

for (const [name, run] of [["sqlite", onSqlite], ["etcd", onEtcd]] as const) {
  Deno.test(`${name}: what is under an old key or in clear is told, and is rewritten beside writers who are not disturbed`, () =>
    run(async (raw) => {
      const count = 1200; // more than two pages
      const at = (number: number) => `/registry/secrets/a/s${number}`;
      const old = encryptedStore(raw, await rules(gcm("k1", 1), { identity: {} }));
      await Promise.all(
        Array.from(
          { length: count },
          (_, number) => (number < 10 ? raw : old).put(at(number), bytes(`value ${number}`), { expected: 0 }),
        ),
      );
      await raw.put("/registry/configmaps/a/b", bytes("open"), { expected: 0 });
      const store = encryptedStore(raw, await rules(gcm("k2", 2), gcm("k1", 1), { identity: {} }));
      assert.deepEqual((await store.keyUse()).sort((a, b) => a.count - b.count), [
        { resource: "secrets", key: "in clear", count: 10, state: "stale" },
        { resource: "secrets", key: "aesgcm k1", count: count - 10, state: "stale" },
      ]);
      const { revision } = (await store.get(at(700))).entry!;
      const [rewritten, written] = await Promise.all([
        store.rotate(),
        store.put(at(700), bytes("newer"), { expected: revision }),
        store.delete(at(701), { expected: (await raw.get(at(701))).entry!.revision }),
      ]);
      assert.ok(written.ok && rewritten >= count - 2 && rewritten <= count);
      assert.equal(text((await store.get(at(700))).entry?.value), "newer");
      assert.equal((await store.get(at(701))).entry, undefined);
      assert.deepEqual(await store.keyUse(), [
        { resource: "secrets", key: "aesgcm k2", count: count - 1, state: "fresh" },
      ]);
      assert.equal(await store.rotate(), 0);
      assert.equal(text((await raw.get("/registry/configmaps/a/b")).entry?.value), "open");
    }));

  Deno.test(`${name}: a value that removes itself still does so after it was rewritten`, () =>
    run(async (raw) => {
      const at = "/registry/events/a/b";
      const of = (...providers: object[]) => entries({ resources: ["events"], providers });
      const store = encryptedStore(raw, await of({ identity: {} }));
      const { revision } = await store.put(at, bytes("soon gone"), { expected: 0, ttlSeconds: 2 });
      store.use(await of(gcm("k1", 1), { identity: {} }));
      assert.equal(await store.rotate(), 1);
      const stop = new AbortController();
      for await (const { changes } of store.watch({ prefix: at, after: revision, signal: stop.signal })) {
        if (changes.some(({ type }) => type === "delete")) break;
      }
      stop.abort();
      assert.equal((await raw.get(at)).entry, undefined);
    }));
}
