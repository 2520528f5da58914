/** Proofs that come over a real connection: front proxies, tokens, and what ends with them. */
import assert from "node:assert/strict";
import { httpsClient } from "../../runtime/client/mod.ts";
import { Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type ApiServer, apiServer } from "../support/api_server.ts";
import { machineKubectl } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const apiGroup = "rbac.authorization.k8s.io";

async function whoAmI(
  { url, ca }: ApiServer,
  options: { cert?: string; key?: string },
  headers: Record<string, string>,
) {
  const { cert, key } = options;
  using client = Deno.createHttpClient(cert && key ? { caCerts: [ca], cert, key } : { caCerts: [ca] });
  const answer = await fetch(`${url}/apis/authentication.k8s.io/v1/selfsubjectreviews`, {
    client,
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: "{}",
  });
  const body = await answer.json();
  return body.status.userInfo ?? body.message;
}

Deno.test("a front proxy says who asks; nobody else does, and the proxy is nobody by itself", async () => {
  await using server = await apiServer();
  const { frontProxyClient, admin } = server.pki;
  const said = {
    "x-remote-user": "ann",
    "x-remote-group": "dev",
    "x-remote-uid": "7",
    "x-remote-extra-example.com%2Fteam": "red",
  };
  assert.deepEqual(await whoAmI(server, frontProxyClient, said), {
    username: "ann",
    uid: "7",
    groups: ["dev", "system:authenticated"],
    extra: { "example.com/team": ["red"] },
  });
  const anonymous = /User "system:anonymous" cannot create resource "selfsubjectreviews"/;
  assert.match(await whoAmI(server, frontProxyClient, {}), anonymous);
  assert.match(await whoAmI(server, {}, said), anonymous);
  assert.equal((await whoAmI(server, admin, said)).username, "kubernetes-admin");
});

/** An account that may read pods in `default`, and its token. */
async function reader({ client }: ApiServer, spec: object = {}) {
  const made = async (path: string, body: unknown) => await client.raw("POST", path, body as never);
  await made("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "reader" } });
  await made(`${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: "reader" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "system:aggregate-to-view" },
    subjects: [{ kind: "ServiceAccount", name: "reader" }],
  });
  const account = { namespace: "default", name: "reader" };
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
  const answer = await client.post(ServiceAccount, account, "token", request as never);
  return (answer as { status?: { token: string } }).status!.token;
}

Deno.test("a token opens what its account may, and a watch of it ends when the account goes", async () => {
  await using server = await apiServer();
  const token = await reader(server);
  using client = httpsClient({ server: server.url, ca: server.ca, token });
  assert.deepEqual((await client.list(Pod, { namespace: "default" })).items, []);
  await assert.rejects(client.list(Pod), {
    message:
      'pods is forbidden: User "system:serviceaccount:default:reader" cannot list resource "pods" in API group "" ' +
      "at the cluster scope",
  });
  const stop = new AbortController();
  const options = { namespace: "default", sendInitialEvents: true, allowBookmarks: true, signal: stop.signal };
  const watch = client.watch(Pod, options)[Symbol.asyncIterator]();
  assert.equal((await watch.next()).value.type, "BOOKMARK", "the watch has begun");
  const ended = watch.next();
  await server.client.delete(ServiceAccount, { namespace: "default", name: "reader" });
  assert.equal((await ended).done, true);
  await assert.rejects(client.list(Pod, { namespace: "default" }), { reason: "Unauthorized" });
  stop.abort();
});

Deno.test("kubectl auth says who one is, what one may, and brings roles in line", async (t) => {
  const kubectl = await machineKubectl();
  if (!kubectl) return void await t.step({ name: "this machine has no kubectl", ignore: true, fn: () => {} });
  await using server = await apiServer();
  await using session = await kubectlSession(kubectl, server);
  await reader(server);
  const said = async (...args: string[]) => (await session.run(args, { check: false })).stdout.trim();
  const account = "--as=system:serviceaccount:default:reader";
  assert.match(
    await said("auth", "whoami"),
    /Username\s+kubernetes-admin\nGroups\s+\[system:masters system:authenticated\]/,
  );
  assert.match(await said("auth", "whoami", account), /system:serviceaccount:default:reader/);
  assert.equal(await said("auth", "can-i", "delete", "nodes"), "yes");
  assert.equal(await said("auth", "can-i", "list", "pods", account), "yes");
  assert.equal(await said("auth", "can-i", "delete", "pods", account), "no");
  assert.equal(await said("auth", "can-i", "get", "/healthz", account), "yes");
  const list = await said("auth", "can-i", "--list", account);
  assert.match(list, /pods\/log\s+\[\]\s+\[\]\s+\[get list watch\]/);
  assert.match(list, /\[\/openapi\/\*\]\s+\[\]\s+\[get\]/);
  const role = { apiVersion: `${apiGroup}/v1`, kind: "ClusterRole", metadata: { name: "view-more" } };
  const rules = [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }];
  const stdin = JSON.stringify({ ...role, rules });
  assert.match((await session.run(["auth", "reconcile", "-f", "-"], { stdin })).stdout, /view-more reconciled/);
  const escalating = await session.run(["auth", "reconcile", "-f", "-", account], { stdin, check: false });
  assert.notEqual(escalating.code, 0);
});
