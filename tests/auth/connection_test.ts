/** Proofs that come over a real connection: front proxies, tokens, and what ends with them. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
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

Deno.test("a token ends at once with what it is bound to, and 401 is all that its holder learns", async (t) => {
  await using server = await apiServer();
  const { client } = server;
  const made = async (path: string, body: unknown) =>
    (await client.raw("POST", path, body as never)) as { metadata: { uid: string } };
  const containers = [{ name: "c", image: "x" }];
  const objects: Record<string, readonly [path: string, body: object]> = {
    Pod: ["/api/v1/namespaces/default/pods", { spec: { serviceAccountName: "reader", nodeName: "n", containers } }],
    Secret: ["/api/v1/namespaces/default/secrets", {}],
    Node: ["/api/v1/nodes", {}],
  };
  await reader(server);
  for (const [kind, [path, body]] of Object.entries(objects)) {
    await t.step(kind, async () => {
      const name = `bound-to-${kind.toLowerCase()}`;
      const { metadata: { uid } } = await made(path, { metadata: { name }, ...body });
      const spec = { boundObjectRef: { kind, apiVersion: "v1", name, uid } };
      const answer = await client.raw("POST", "/api/v1/namespaces/default/serviceaccounts/reader/token", { spec });
      const { status: { token } } = answer as unknown as { status: { token: string } };
      const authorization = `Bearer ${token}`;
      assert.equal((await whoAmI(server, {}, { authorization })).username, "system:serviceaccount:default:reader");
      await client.raw("DELETE", `${path}/${name}?gracePeriodSeconds=0`);
      assert.equal(await whoAmI(server, {}, { authorization }), "Unauthorized");
    });
  }
});

/** Stands where a kubelet would: takes upgrades, and answers other requests with a first line and no end. */
async function endlessKubelet() {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.once("close", () => sockets.delete(socket)).on("error", () => {}));
    socket.once("data", (bytes) => {
      const upgrade = /\r\nupgrade:/i.test(bytes.toString());
      const head = upgrade ? "101 Switching Protocols\r\nupgrade: SPDY/3.1\r\nconnection: Upgrade" : "200 OK";
      socket.write(`HTTP/1.1 ${head}\r\n${upgrade ? "" : "transfer-encoding: chunked\r\n"}\r\n`);
      socket.write(upgrade ? "begun" : "5\r\nbegun\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const dial = () =>
    new Promise<Socket>((resolve) => {
      const socket: Socket = connect(port, "127.0.0.1", () => resolve(socket));
    });
  return {
    dial,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

Deno.test("exec, attach, port-forward and logs end when the token that opened them does", async (t) => {
  await using kubelet = await endlessKubelet();
  await using server = await apiServer({ dialKubelet: kubelet.dial });
  await reader(server);
  const { client } = server;
  const addresses = [{ type: "InternalIP", address: "10.0.0.7" }];
  const status = { addresses, daemonEndpoints: { kubeletEndpoint: { Port: 10250 } } };
  await client.raw("POST", "/api/v1/nodes", { metadata: { name: "n" }, status });
  const containers = [{ name: "c", image: "x" }];
  await client.raw("POST", "/api/v1/namespaces/default/pods", {
    metadata: { name: "web" },
    spec: { nodeName: "n", serviceAccountName: "reader", containers },
  });
  const rules = [{ apiGroups: [""], resources: ["pods/exec", "pods/attach", "pods/portforward"], verbs: ["*"] }];
  await client.raw("POST", `${rbac}/clusterroles`, { metadata: { name: "streams" }, rules });
  await client.raw("POST", `${rbac}/clusterrolebindings`, {
    metadata: { name: "streams" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "streams" },
    subjects: [{ kind: "ServiceAccount", namespace: "default", name: "reader" }],
  });
  /** Bound to a Secret of its own. */
  const bearer = async () => {
    const secrets = "/api/v1/namespaces/default/secrets";
    const { metadata } = await client.raw("POST", secrets, { metadata: { generateName: "s-" } }) as {
      metadata: { name: string; uid: string };
    };
    const spec = { boundObjectRef: { kind: "Secret", apiVersion: "v1", name: metadata.name, uid: metadata.uid } };
    const answer = await client.raw("POST", "/api/v1/namespaces/default/serviceaccounts/reader/token", { spec });
    const { status: { token } } = answer as unknown as { status: { token: string } };
    return { token, end: () => client.raw("DELETE", `${secrets}/${metadata.name}`) };
  };
  for (
    const [path, upgrade] of [["exec?command=ls", true], ["attach", true], ["portforward", true], [
      "log",
      false,
    ]] as const
  ) {
    await t.step(path, async () => {
      const { token, end } = await bearer();
      const over = await begun(server, { path, upgrade, token });
      await end();
      await over.ended;
    });
  }
});

/** Resolves when the stream has begun; `ended` when its connection is closed. */
function begun(
  { url, ca }: ApiServer,
  { path, upgrade, token }: { path: string; upgrade: boolean; token: string },
): Promise<{ ended: Promise<void> }> {
  const { hostname, port } = new URL(url);
  const headers = ["host: api", `authorization: Bearer ${token}`];
  if (upgrade) headers.push("connection: Upgrade", "upgrade: SPDY/3.1");
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: hostname, port: Number(port), ca });
    const ended = new Promise<void>((end) => socket.once("close", () => end()));
    let seen = "";
    socket.on("error", () => {}).on("data", (bytes: Uint8Array) => {
      seen += new TextDecoder().decode(bytes);
      if (seen.includes("begun")) resolve({ ended });
      else if (/^HTTP\/1.1 [45]/.test(seen)) reject(new Error(seen));
    });
    const place = `/api/v1/namespaces/default/pods/web/${path}`;
    socket.write(`${upgrade ? "POST" : "GET"} ${place} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  });
}
