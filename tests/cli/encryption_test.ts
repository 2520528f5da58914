import assert from "node:assert/strict";
import { encryptedBy } from "../../runtime/cli/encryption.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

const key = (byte: number) => btoa(String.fromCharCode(...new Array(32).fill(byte)));
const file = (...names: [string, number][]) => {
  const keys = names.map(([name, byte]) => `{name: ${name}, secret: ${key(byte)}}`).join(", ");
  return `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n` +
    `  providers:\n  - aesgcm: {keys: [${keys}]}\n  - identity: {}\n`;
};

Deno.test("a key is rotated by changing the file: everything goes under the new key, without a restart", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/encryption.yaml`;
  const at = "/registry/secrets/a/b";
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  await raw.put(at, new TextEncoder().encode("hunter2"), { expected: 0 });
  await Deno.writeTextFile(path, file(["k1", 1]));
  const store = await encryptedBy(path, raw);
  try {
    const kept = async () => new TextDecoder().decode((await raw.get(at)).entry?.value).slice(0, 22);
    assert.match(await kept(), /^k8s:enc:aesgcm:v1:k1:/);
    const { revision } = await raw.get(at);
    await Deno.writeTextFile(`${path}.new`, file(["k2", 2], ["k1", 1]));
    await Deno.rename(`${path}.new`, path);
    const stop = new AbortController();
    for await (const { changes } of raw.watch({ prefix: at, after: revision, signal: stop.signal })) {
      if (changes.length > 0) break;
    }
    stop.abort();
    assert.match(await kept(), /^k8s:enc:aesgcm:v1:k2:/);
    assert.equal(new TextDecoder().decode((await store.get(at)).entry?.value), "hunter2");
  } finally {
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
});
