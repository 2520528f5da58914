/** Python's official client, as Debian ships it. */
import assert from "node:assert/strict";
import { Foreground } from "../cluster/machine.ts";
import { testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";

Deno.test("Python's client makes, patches, watches and deletes objects, follows logs, executes and meets custom resources", async () => {
  await ensurePackages(["python3-kubernetes"]);
  await using host = await testHost({ docker: true });
  await Deno.mkdir(`${host.folder}/manifests`);
  const up = new Foreground(host, "up", "--no-install", "--manifests", `${host.folder}/manifests`);
  await up.printed(/Ctrl-C stops d8s/);
  const script = `${import.meta.dirname}/python/everyday.py`;
  const { stdout } = await host.run(["timeout", "120", "/usr/bin/python3", script, `${host.folder}/kubeconfig`]);
  assert.equal(stdout, "objects\npods\ncustom resources\n");
  assert.equal((await up.end("SIGINT")).code, 0);
});
