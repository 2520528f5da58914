/** Logs of the node itself, read through the kubelet's port. */
import assert from "node:assert/strict";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { systemLogs } from "../../controllers/kubelet/server/system_logs.ts";

Deno.test("files below the log folder are read as they are, folders are pages of links, and no link leads out", async () => {
  const root = await Deno.makeTempDir({ prefix: "d8s-logs-" });
  const folder = `${root}/log`;
  await Deno.mkdir(`${folder}/apt`, { recursive: true });
  await Deno.writeTextFile(`${folder}/sys<log>`, "line\n");
  await Deno.writeTextFile(`${folder}/apt/history`, "installed\n");
  await Deno.writeTextFile(`${root}/secret`, "secret");
  await Deno.symlink(`${root}/secret`, `${folder}/out`);
  await Deno.symlink(root, `${folder}/up`);
  await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
  const server = createServer((request, response) => {
    systemLogs(folder, { url: new URL(request.url!, "http://node"), request, response }).catch((error) => {
      response.writeHead(error.status ?? 500).end(error.message);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (path: string) =>
    new Promise<[number | undefined, string]>((resolve, reject) => {
      const options = { host: "127.0.0.1", port, path, agent: false };
      get(options, async (response) => resolve([response.statusCode, await text(response)])).on("error", reject);
    });
  const links = ["apt/", "out", "pipe", "sys%3Clog%3E", "up"];
  const page = await ask("/logs/");
  assert.deepEqual([...page[1].matchAll(/href="([^"]*)"/g)].map(([, link]) => link), links);
  assert.match(page[1], />sys&lt;log&gt;</);
  assert.deepEqual(await ask("/logs/sys%3Clog%3E"), [200, "line\n"]);
  assert.deepEqual(await ask("/logs/apt/history"), [200, "installed\n"]);
  assert.equal((await ask("/logs/apt"))[0], 301);
  for (
    const path of [
      ...["/logs/out", "/logs/up/secret", "/logs/up/", "/logs/absent", "/logs/pipe", "/logs/sys%3Clog%3E/"],
      ...["/logs/..%2fsecret", "/logs/%2e%2e%2fsecret", "/logs//etc/passwd", "/logs/apt%2fhistory", "/logs/%00"],
    ]
  ) {
    assert.deepEqual(await ask(path), [404, "404 page not found"], path);
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await Deno.remove(root, { recursive: true });
});
