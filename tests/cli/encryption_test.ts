import assert from "node:assert/strict";
import { encryptedBy } from "../../runtime/cli/encryption.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

const key = (byte: number) => btoa(String.fromCharCode(...new Array(32).fill(byte)));
const file = (...names: [string, number][]) => {
  const keys = names.map(([name, byte]) => `{name: ${name}, secret: ${key(byte)}}`).join(", ");
  return `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n` +
    `  providers:\n  - aesgcm: {keys: [${keys}]}\n  - identity: {}\n`;
};

Deno.test("a changed file is taken up without a restart: writes go under the new key, and the rest when asked", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/encryption.yaml`;
  const [first, second] = ["/registry/secrets/a/b", "/registry/secrets/a/c"];
  const raw = await openSqliteStore({ path: `${dir}/store.db` });
  await raw.put(first, new TextEncoder().encode("hunter2"), { expected: 0 });
  await Deno.writeTextFile(path, file(["k1", 1]));
  const store = await encryptedBy(path, raw);
  try {
    const kept = async (key: string) => new TextDecoder().decode((await raw.get(key)).entry?.value).slice(0, 22);
    assert.equal(await kept(first), "hunter2");
    assert.equal(await store.rotate(), 1);
    assert.match(await kept(first), /^k8s:enc:aesgcm:v1:k1:/);
    await Deno.writeTextFile(`${path}.new`, file(["k2", 2], ["k1", 1]));
    await Deno.rename(`${path}.new`, path);
    // The file's change is told by the kernel, in its own time: writes follow each other until one is under the new key.
    let revision = 0;
    do {
      const answer = await store.put(second, new TextEncoder().encode("hunter3"), { expected: revision });
      revision = answer.revision;
    } while (!(await kept(second)).startsWith("k8s:enc:aesgcm:v1:k2:"));
    assert.deepEqual((await store.keyUse()).map(({ key, state }) => [key, state]).sort(), [
      ["aesgcm k1", "stale"],
      ["aesgcm k2", "fresh"],
    ]);
    assert.equal(await store.rotate(), 1);
    assert.equal(new TextDecoder().decode((await store.get(first)).entry?.value), "hunter2");
    assert.match(await kept(first), /^k8s:enc:aesgcm:v1:k2:/);
  } finally {
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
});
