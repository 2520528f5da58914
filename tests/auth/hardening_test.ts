/** The checks of the CIS Kubernetes Benchmark 1.12 that a running API server and its files can answer. */
import assert from "node:assert/strict";
import { type ApiServer, apiServer } from "../support/api_server.ts";
import { ensurePki, rotateServiceAccountKey } from "../../runtime/auth/mod.ts";

Deno.test("1.1.19-1.1.21: keys and certificates are their owner's alone, also after a rotation", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const dir = `${folder}/pki`;
    await ensurePki(dir, { hostnames: [], ips: [], node: { name: "n", ips: [] } });
    await rotateServiceAccountKey(dir);
    assert.equal((await Deno.stat(dir)).mode! & 0o777, 0o700);
    for await (const { name } of Deno.readDir(dir)) {
      const { mode, uid } = await Deno.stat(`${dir}/${name}`);
      assert.equal(mode! & 0o777, 0o600, name);
      assert.equal(uid, Deno.uid(), name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

async function answer({ url, ca }: ApiServer, path: string, pair: { cert?: string; key?: string } = {}) {
  const { cert, key } = pair;
  using client = Deno.createHttpClient({ caCerts: [ca], ...(cert && key && { cert, key }) });
  const response = await fetch(url + path, { client });
  await response.body?.cancel();
  return response.status;
}

Deno.test("1.2.1: who shows nothing sees health and version, and nothing else", async () => {
  await using server = await apiServer();
  for (const path of ["/healthz", "/livez", "/readyz", "/version"]) assert.equal(await answer(server, path), 200, path);
  const closed = ["/", "/api", "/apis", "/openapi/v2", "/openapi/v3", "/metrics", "/openid/v1/jwks", "/livez/etcd"];
  const kinds = [
    "/api/v1/nodes",
    "/api/v1/namespaces/kube-public/configmaps/cluster-info",
    "/apis/apps/v1/deployments",
  ];
  for (const path of [...closed, ...kinds]) assert.equal(await answer(server, path), 403, path);
});

Deno.test("1.2.15: there is no profile to be had, not even for an administrator", async () => {
  await using server = await apiServer();
  for (const path of ["/debug/pprof", "/debug/pprof/profile", "/debug/flags/v"]) {
    assert.equal(await answer(server, path, server.admin), 404, path);
  }
});

Deno.test("1.2.29: old versions of TLS and weak ciphers are not spoken", async () => {
  await using server = await apiServer();
  const { host } = new URL(server.url);
  const shakesHands = async (...offer: string[]) => {
    const args = ["s_client", "-connect", host, ...offer];
    const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
    return /Cipher is (?!\(NONE\))/.test(new TextDecoder().decode(stdout));
  };
  assert.ok(await shakesHands("-tls1_3"));
  assert.ok(await shakesHands("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"));
  assert.ok(!await shakesHands("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"));
  for (const weak of ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384", "NULL", "aNULL"]) {
    assert.ok(!await shakesHands("-tls1_2", "-cipher", `${weak}:@SECLEVEL=0`), weak);
  }
});
