import assert from "node:assert/strict";
import { openAudit } from "../../runtime/cli/audit.ts";
import { settingsFrom } from "../../runtime/cli/settings.ts";
import { ensurePki } from "../../runtime/auth/mod.ts";

const machine = { hostname: "h", ip: "192.0.2.1", home: "/root", environment: {}, cniBinDirs: [] };

Deno.test("events reach a server that a kubeconfig names, by its CA and with our certificate, in batches or before the answer", async () => {
  const dir = await Deno.makeTempDir();
  const pki = await ensurePki(`${dir}/pki`, { hostnames: ["localhost"], ips: ["127.0.0.1"], serviceIp: "10.96.0.1" });
  const came: string[] = [];
  const { key, cert } = pki.apiserver;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, key, cert, onListen: () => {} }, async (request) => {
    const { items } = await request.json();
    came.push(`${new URL(request.url).pathname}${new URL(request.url).search} ${items[0].auditID}`);
    return new Response("thanks, and this is no JSON");
  });
  await Deno.writeTextFile(
    `${dir}/policy.yaml`,
    "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}",
  );
  const cluster = {
    server: `https://127.0.0.1:${server.addr.port}/audit?timeout=30s`,
    "certificate-authority-data": btoa(pki.ca.cert),
  };
  const user = { "client-certificate-data": btoa(pki.admin.cert), "client-key-data": btoa(pki.admin.key) };
  await Deno.writeTextFile(
    `${dir}/webhook.yaml`,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "it",
      contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
      clusters: [{ name: "it", cluster }],
      users: [{ name: "it", user }],
    }),
  );
  const open = async (more: object) =>
    (await openAudit(settingsFrom({
      "data-dir": dir,
      "audit-policy-file": `${dir}/policy.yaml`,
      "audit-webhook-config-file": `${dir}/webhook.yaml`,
      ...more,
    }, machine)))!;
  try {
    const blocking = await open({ "audit-webhook-mode": "blocking" });
    await blocking.sink.write({ auditID: "one" });
    assert.deepEqual(came, ["/audit?timeout=30s one"]);
    await blocking.sink.close();
    const batch = await open({ "audit-log-path": `${dir}/audit.log` });
    batch.sink.write({ auditID: "two" });
    await batch.sink.close();
    assert.deepEqual(came.at(-1), "/audit?timeout=30s two");
    assert.equal(await Deno.readTextFile(`${dir}/audit.log`), '{"auditID":"two"}\n');
    await assert.rejects(Deno.stat(`${dir}/audit`), Deno.errors.NotFound);
  } finally {
    await server.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});
