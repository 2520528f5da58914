import assert from "node:assert/strict";
import { createApi } from "../../runtime/api/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { encryptedStore, parseEncryption } from "../../runtime/store/encryption/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";
import { admin } from "./api_world.ts";

Deno.test("a KMS plug-in that is away makes the server unready and secrets unwritable, with reasons; all else works", async () => {
  const dir = await Deno.makeTempDir();
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  const kms = { apiVersion: "v2", name: "vault", endpoint: `unix://${dir}/kms.sock` };
  const resources = [{ resources: ["secrets"], providers: [{ kms }, { identity: {} }] }];
  const document = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration", resources };
  const away = { call: () => () => Promise.reject(new Error("connection refused")), now: () => 0 };
  const store = encryptedStore(raw, await parseEncryption(document, away));
  const api = await createApi({
    store,
    encryption: store,
    clock: systemClock,
    authenticate: ({ authorization }) => Promise.resolve(authorization ? undefined : admin),
    authorize: ({ user }) => Promise.resolve({ allowed: user === admin, reason: "" }),
  });
  const ask = async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/json" };
    const response = await api.fetch(
      new Request(`https://api${path}`, { method, headers, body: body && JSON.stringify(body) }),
    );
    return { status: response.status, text: await response.text() };
  };
  try {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } };
    const refused = await ask("POST", "/api/v1/namespaces/default/secrets", secret);
    assert.equal(refused.status, 503);
    assert.match(refused.text, /KMS plug-in vault did not answer Status: connection refused/);
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
    assert.equal((await ask("POST", "/api/v1/namespaces/default/configmaps", map)).status, 201);
    assert.equal((await ask("GET", "/readyz")).status, 500);
    assert.match((await ask("GET", "/readyz/kms-providers")).text, /did not answer Status: connection refused/);
    assert.equal((await ask("GET", "/livez")).status, 200);
    store.use(
      await parseEncryption({ ...document, resources: [{ ...resources[0], providers: [{ identity: {} }] }] }, away),
    );
    assert.equal((await ask("GET", "/readyz")).status, 200);
    assert.equal((await ask("POST", "/api/v1/namespaces/default/secrets", secret)).status, 201);
    assert.deepEqual(JSON.parse((await ask("GET", "/d8s/encryption")).text), { uses: [] });
    const secretbox = { keys: [{ name: "k1", secret: btoa("k".repeat(32)) }] };
    const sealed = [{ resources: ["secrets"], providers: [{ secretbox }, { identity: {} }] }];
    store.use(await parseEncryption({ ...document, resources: sealed }, away));
    assert.deepEqual(JSON.parse((await ask("POST", "/d8s/encryption/rotate")).text), { rewritten: 1 });
    assert.deepEqual(JSON.parse((await ask("GET", "/d8s/encryption")).text), {
      uses: [{ resource: "secrets", key: "secretbox k1", count: 1, state: "fresh" }],
    });
    assert.equal((await ask("GET", "/api/v1/namespaces/default/secrets/x")).status, 200);
  } finally {
    await api.close();
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
});
