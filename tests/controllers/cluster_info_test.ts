import assert from "node:assert/strict";
import { flattenedVerify } from "jose";
import { clusterInfo } from "../../controllers/mod.ts";
import { bootstrapSecret, newBootstrapToken } from "../../runtime/auth/mod.ts";
import { ConfigMap, Secret } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";

Deno.test("cluster-info is signed with each bootstrap token that counts, and put right when somebody changes it", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  const token = newBootstrapToken();
  const made = (options: { expiresMs?: number }, one = token) =>
    client.create(Secret, bootstrapSecret(one, { description: "test", ...options }) as never);
  await made({});
  await made({ expiresMs: Date.now() - 1000 }, newBootstrapToken());
  cluster.run([clusterInfo({ ca: "PEM", server: "https://10.0.0.1:6443" })]);
  const ref = { namespace: "kube-public", name: "cluster-info" };
  const key = `jws-kubeconfig-${token.id}`;
  const info = await until(ConfigMap, ref, (map) => map?.data?.[key] !== undefined);
  const { kubeconfig, ...signed } = info!.data!;
  assert.deepEqual(Object.keys(signed), [key]);
  assert.match(kubeconfig!, /certificate-authority-data: UEVN\n {4}server: https:\/\/10.0.0.1:6443\n/);
  const [head, , signature] = signed[key]!.split(".");
  const jws = { protected: head!, signature: signature!, payload: btoa(kubeconfig!).replaceAll("=", "") };
  const { protectedHeader } = await flattenedVerify(jws, new TextEncoder().encode(token.secret));
  assert.deepEqual(protectedHeader, { alg: "HS256", kid: token.id });
  await client.patch(ConfigMap, ref, { type: "merge", body: { data: { kubeconfig: "elsewhere" } } });
  await until(ConfigMap, ref, (map) => map?.data?.kubeconfig === kubeconfig);
  await client.delete(Secret, { namespace: "kube-system", name: `bootstrap-token-${token.id}` });
  await until(ConfigMap, ref, (map) => map?.data?.[key] === undefined);
});
