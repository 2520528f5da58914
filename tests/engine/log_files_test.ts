/** Docker's json-file logs, on files as docker leaves them: set aside, removed, torn, with lines in parts. */
import assert from "node:assert/strict";
import { readLogs } from "../../runtime/engine/docker/read_logs.ts";
import { logFiles } from "../../runtime/engine/docker/log_files.ts";

const row = (log: string, second: number, stream = "stdout") =>
  `${JSON.stringify({ log, stream, time: `2026-01-01T00:00:0${second}.5Z` })}\n`;

async function textOf(path: string, more: object): Promise<string> {
  const { signal } = new AbortController();
  const options = { follow: false, timestamps: false, stdout: true, stderr: true, signal, ...more };
  const never = () => Promise.reject(new Error("nobody follows"));
  const chunks = await Array.fromAsync(readLogs({ path, maxFiles: 3 }, options, never));
  return chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join("");
}

Deno.test("a log is read across its files: options hold, parts are joined, torn lines are no lines", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  await Deno.writeTextFile(`${path}.2`, row("a\n", 1) + row("b\n", 2));
  await Deno.writeTextFile(`${path}.1`, `${row("c\n", 3, "stderr")}{"log":"torn by a kill`);
  await Deno.writeTextFile(path, `${row("long ", 4)}${row("line\n", 5)}{"log":"not yet`);
  assert.equal(await textOf(path, {}), "a\nb\nc\nlong line\n");
  assert.equal(await textOf(path, { stdout: false }), "c\n");
  assert.equal(await textOf(path, { since: Date.parse("2026-01-01T00:00:03.5Z") / 1000 }), "c\nlong line\n");
  assert.equal(await textOf(path, { tail: 0 }), "");
  assert.equal(await textOf(path, { tail: 2 }), "long line\n");
  assert.equal(await textOf(path, { tail: 4 }), "b\nc\nlong line\n");
  const stamped = await textOf(path, { tail: 3, timestamps: true });
  assert.equal(stamped, "2026-01-01T00:00:03.500000000Z c\n2026-01-01T00:00:04.500000000Z long line\n");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("files that were seen once are read to their end, though they were renamed and removed since", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  await Deno.writeTextFile(path, "1\n");
  {
    using files = logFiles(path, { maxFiles: 2 });
    for (const text of ["2\n", "3\n", "4\n"]) {
      await Deno.rename(path, `${path}.1`);
      files.refresh();
      await Deno.writeTextFile(path, text);
      files.refresh();
    }
    let text = "";
    for (let part = files.read(); part; part = files.read()) text += new TextDecoder().decode(part.bytes);
    assert.equal(text, "1\n2\n3\n4\n");
  }
  await Deno.remove(folder, { recursive: true });
});
