/** Env files, as containers write them into volumes. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseEnvFile } from "../../controllers/kubelet/container/env_file.ts";
import type { Container } from "../../controllers/kubelet/pod/pod.ts";
import { readEnvFiles } from "../../controllers/kubelet/sync/env_files.ts";

Deno.test("values keep their lines, comments say nothing, and what is no assignment is refused by its line", () => {
  const text = "# made by init\nA='1'\n\n  B.c='two\nlines = \"2\"'  \nA='3'";
  assert.deepEqual([...parseEnvFile(text)], [["A", "3"], ["B.c", 'two\nlines = "2"']]);
  assert.throws(() => parseEnvFile("A='1'\nB=2\n"), /line 2 is not NAME='value'/);
  assert.deepEqual([...parseEnvFile("\n")], []);
});

Deno.test("any text is read or refused, never left hanging", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("A", "=", "'", "\n", "#", " ") }), (text) => {
      try {
        parseEnvFile(text);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
    { seed: 7 },
  );
});

Deno.test("a symlink that a container left in place of its env file leads nowhere", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/secret`, "A='1'");
    await Deno.mkdir(`${folder}/volume`);
    await Deno.writeTextFile(`${folder}/volume/good`, "A='1'");
    await Deno.symlink(`${folder}/secret`, `${folder}/volume/bad`);
    const read = (path: string) => {
      const valueFrom = { fileKeyRef: { volumeName: "v", path, key: "A" } };
      const container = { name: "c", env: [{ name: "A", valueFrom }] } as Container;
      return readEnvFiles(container, new Map([["v", `${folder}/volume`]]));
    };
    assert.equal((await read("good")).get("v/good")?.get("A"), "1");
    assert.equal((await read("absent")).size, 0);
    await assert.rejects(read("bad"), { name: "ConfigError" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
