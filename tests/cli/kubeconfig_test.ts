import assert from "node:assert/strict";
import fc from "fast-check";
import { load } from "js-yaml";
import { changeKubeconfig, mergeAccess, removeAccess } from "../../runtime/cli/kubeconfig.ts";

const access = { server: "https://127.0.0.1:6443", ca: "CA", cert: "CERT", key: "KEY" };

const entry = (field: string) =>
  fc.record({ name: fc.constantFrom("kind", "prod", "d8s", "x"), [field]: fc.dictionary(fc.string(), fc.string()) });
const list = (field: string) =>
  fc.option(fc.uniqueArray(entry(field), { selector: ({ name }) => name as string }), { nil: null });
const config = fc.record({
  clusters: list("cluster"),
  users: list("user"),
  contexts: list("context"),
  "current-context": fc.constantFrom("kind", "", "d8s"),
  preferences: fc.dictionary(fc.string(), fc.string()),
});
type Config = Parameters<typeof mergeAccess>[0];

const others = (config: Config) =>
  (["clusters", "users", "contexts"] as const).map((name) => (config[name] ?? []).filter(({ name }) => name !== "d8s"));

Deno.test("a merge leaves every other entry as it is, can be repeated, and makes d8s the current context", () => {
  fc.assert(
    fc.property(config, (before) => {
      const after = mergeAccess(before as Config, access);
      assert.deepEqual(others(after), others(before as Config));
      assert.deepEqual(after.preferences, before.preferences);
      assert.equal(after["current-context"], "d8s");
      assert.deepEqual(mergeAccess(after, access), after);
    }),
    { seed: 11 },
  );
});

Deno.test("taking the context away leaves no trace of it, and the other contexts as they were", () => {
  fc.assert(
    fc.property(config, (before) => {
      const after = removeAccess(mergeAccess(before as Config, access));
      assert.deepEqual(others(after), others(before as Config));
      assert.ok(!JSON.stringify([after.clusters, after.users, after.contexts]).includes('"d8s"'));
      assert.equal(after["current-context"], "");
    }),
    { seed: 12 },
  );
});

async function inFolder(run: (dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("the file is made with its folder, is readable by its owner alone, and keeps no lock behind", () =>
  inFolder(async (dir) => {
    const path = `${dir}/.kube/config`;
    await changeKubeconfig(path, (config) => mergeAccess(config, access));
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(`${dir}/.kube`))).map(({ name }) => name), ["config"]);
    const written = load(await Deno.readTextFile(path)) as Config;
    assert.equal(written["current-context"], "d8s");
    assert.deepEqual(written.clusters?.[0]?.cluster, {
      server: access.server,
      "certificate-authority-data": btoa("CA"),
    });
  }));

Deno.test("two processes that change the file at once lose neither change", () =>
  inFolder(async (dir) => {
    const path = `${dir}/config`;
    const add = (name: string) =>
      changeKubeconfig(path, (config) => ({ ...config, users: [...config.users ?? [], { name }] }));
    await Promise.all([add("a"), add("b"), add("c")]);
    const { users } = load(await Deno.readTextFile(path)) as Config;
    assert.deepEqual(users?.map(({ name }) => name).sort(), ["a", "b", "c"]);
  }));

Deno.test("what is no kubeconfig is refused and left alone", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(`${dir}/config`, "- a\n- list\n");
    await assert.rejects(
      changeKubeconfig(`${dir}/config`, (config) => mergeAccess(config, access)),
      /is not a kubeconfig/,
    );
    assert.equal(await Deno.readTextFile(`${dir}/config`), "- a\n- list\n");
  }));
