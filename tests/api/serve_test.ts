/** The API server on a real TLS socket: certificates, watches that clients leave, and tunnels for upgrades. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { connect } from "node:tls";
import { type Api, createApi, serveApi, type Served } from "../../runtime/api/mod.ts";
import { clientCertificates, clusterAccess, ensurePki, type Pki } from "../../runtime/auth/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";
import { ownAddress } from "../support/own_address.ts";
import { map, maps } from "./api_world.ts";

interface World {
  readonly api: Api;
  readonly pki: Pki;
  readonly served: Served;
  readonly url: string;
  call(method: string, path: string, body?: unknown): Promise<Response>;
}

async function served(run: (world: World) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  const store = await openSqliteStore({ path: `${dir}/store.db` });
  const pki = await ensurePki(`${dir}/pki`, { hostnames: ["localhost"], ips: ["127.0.0.1"], serviceIp: "10.96.0.1" });
  const access = clusterAccess();
  const api = await createApi({
    store,
    clock: systemClock,
    authenticate: clientCertificates(),
    authorize: access.authorize,
    access,
  });
  const { key, cert } = pki.apiserver;
  const server = await serveApi(api, { hostname: "127.0.0.1", port: 0, key, cert, clientCa: pki.ca.cert });
  const url = `https://127.0.0.1:${server.port}`;
  using client = Deno.createHttpClient({ caCerts: [pki.ca.cert], ...pki.admin });
  const call = (method: string, path: string, body?: unknown) =>
    fetch(`${url}${path}`, {
      method,
      client,
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  try {
    await run({ api, pki, served: server, url, call });
  } finally {
    await server.close(0);
    await api.close();
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("an admin's certificate opens what nobody gets without one", () =>
  served(async ({ pki, url, call }) => {
    assert.equal((await (await call("GET", maps)).json()).kind, "ConfigMapList");
    using anybody = Deno.createHttpClient({ caCerts: [pki.ca.cert] });
    const refused = await fetch(`${url}${maps}`, { client: anybody });
    assert.equal(refused.status, 403);
    assert.match((await refused.json()).message, /^configmaps is forbidden: User "system:anonymous" cannot list/);
    const version = await fetch(`${url}/version`, { client: anybody });
    assert.equal((await version.json()).minor, "36");
  }));

Deno.test("a watch over the socket begins at once, and is forgotten when its client leaves", () =>
  served(async ({ api, call }) => {
    const response = await call("GET", `${maps}?watch=true&resourceVersion=0`);
    await (await call("POST", maps, map("a"))).body?.cancel();
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    assert.match(new TextDecoder().decode(value), /^\{"type":"ADDED","object":\{"kind":"ConfigMap".*\}\n$/);
    const metric = async (name: string) => {
      const text = await (await call("GET", "/metrics")).text();
      return Number(new RegExp(`^${name}\\{[^}]*resource="configmaps"[^}]*\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0);
    };
    // One of them is the server's own.
    assert.equal(await metric("apiserver_storage_objects"), 2);
    const before = await metric("apiserver_longrunning_requests");
    assert.ok(before > 0);
    assert.equal(await metric("apiserver_watch_events_total"), before);
    await reader.cancel();
    while (await metric("apiserver_longrunning_requests") >= before) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await api.ready(), []);
  }));

Deno.test("a list larger than one write arrives whole, and only documents have a head for itself, as kube-apiserver has it", () =>
  served(async ({ call }) => {
    const data = { text: "x".repeat(100_000) };
    for (let i = 0; i < 30; i++) await (await call("POST", maps, map(`m${i}`, data))).body?.cancel();
    const headed = ["/", "/apis", "/apis/apps/", "/openapi/v2", "/openapi/v3"];
    const headless = [maps, "/api", "/apis/apps/v1", "/version", "/version/"];
    for (const path of [...headed, ...headless]) {
      const head = await call("HEAD", path);
      assert.deepEqual([path, head.status, await head.text()], [path, headed.includes(path) ? 200 : 405, ""]);
    }
    const { items } = await (await call("GET", maps)).json();
    assert.equal(items.length, 30);
    assert.ok(items.every((item: { data: { text: string } }) => item.data.text.length === 100_000));
  }));

Deno.test("an upgrade is tunnelled byte for byte, with what came early, and without the client's credentials", () =>
  served(async ({ pki, served, call }) => {
    const seen = Promise.withResolvers<Record<string, unknown>>();
    const podIP = ownAddress();
    const backend = createServer();
    backend.on("upgrade", (request, socket, head) => {
      seen.resolve({ url: request.url, ...request.headers });
      socket.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n");
      socket.write(head);
      socket.pipe(socket);
    });
    await new Promise<void>((resolve) => backend.listen(0, podIP, resolve));
    const { port } = backend.address() as AddressInfo;
    const account = { metadata: { name: "default" } };
    await (await call("POST", "/api/v1/namespaces/default/serviceaccounts", account)).body?.cancel();
    const pods = "/api/v1/namespaces/default/pods";
    const pod = { metadata: { name: "a" }, spec: { containers: [{ name: "c", image: "i" }] } };
    const made = await (await call("POST", pods, pod)).json();
    const status = { ...made.status, podIP, podIPs: [{ ip: podIP }] };
    await (await call("PUT", `${pods}/a/status`, { ...made, status })).body?.cancel();

    const socket = connect({ host: "127.0.0.1", port: served.port, ca: pki.ca.cert, ...pki.admin });
    socket.write(
      `GET ${pods}/a:${port}/proxy/x?y=1 HTTP/1.1\r\nhost: api\r\nauthorization: Basic secret\r\n` +
        "connection: Upgrade\r\nupgrade: echo\r\n\r\nearly",
    );
    let text = "";
    for await (const chunk of socket) {
      text += chunk;
      if (text.endsWith("early")) socket.write("late");
      if (text.endsWith("late")) break;
    }
    assert.match(text, /^HTTP\/1.1 101 [^]*\r\n\r\nearlylate$/);
    const { url, host, authorization, upgrade } = await seen.promise;
    const wanted = { url: "/x?y=1", host: "api", authorization: undefined, upgrade: "echo" };
    assert.deepEqual({ url, host, authorization, upgrade }, wanted, "WebSocket servers compare host and origin");
    socket.destroy();
    backend.closeAllConnections();
    await new Promise((resolve) => backend.close(resolve));
  }));

Deno.test("every answer names its request, errors too", () =>
  served(async ({ call }) => {
    const first = await call("GET", maps);
    await first.body?.cancel();
    assert.match(first.headers.get("audit-id") ?? "", /^[0-9a-f-]{36}$/);
    const missing = await call("GET", `${maps}/none`);
    await missing.body?.cancel();
    assert.notEqual(missing.headers.get("audit-id"), first.headers.get("audit-id"));
  }));
