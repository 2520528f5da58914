/** Proxies of pods and services, in the words and with the headers that kube-apiserver 1.36.3 was seen to use. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type ApiServer, apiServer } from "../support/api_server.ts";
import { ownAddress } from "../support/own_address.ts";

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function ask({ url, ca, admin }: ApiServer, path: string, { method = "GET", headers, body }: Asking = {}) {
  const asked = request(url + path, { method, ca, ...admin, headers, agent: false });
  asked.end(body);
  const [answer] = await once(asked, "response");
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

const home = "/api/v1/namespaces/default";
const slices = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

async function write(server: ApiServer, method: string, path: string, object: object): Promise<void> {
  const patch = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const answer = await ask(server, path, { method, headers: { "content-type": patch }, body: JSON.stringify(object) });
  assert.ok(answer.status < 300, answer.body);
}

async function makePod(server: ApiServer, name: string, port: number, ip?: string): Promise<void> {
  const ports = [{ name: "web", containerPort: port }];
  const spec = { containers: [{ name: "c", image: "i", ports }] };
  await write(server, "POST", `${home}/pods`, { metadata: { name }, spec });
  if (ip) await write(server, "PATCH", `${home}/pods/${name}/status`, { status: { podIP: ip, podIPs: [{ ip }] } });
}

async function makeService(server: ApiServer, name: string, port: number, endpoint?: object): Promise<void> {
  const ports = [{ name: "web", port: 80, targetPort: port }];
  await write(server, "POST", `${home}/services`, { metadata: { name }, spec: { ports } });
  if (!endpoint) return;
  const labels = { "kubernetes.io/service-name": name };
  const slice = { addressType: "IPv4", ports: [{ name: "web", port }], endpoints: [endpoint] };
  await write(server, "POST", slices, { metadata: { name, labels }, ...slice });
}

Deno.test("a proxied request arrives as it was asked, and only pods at addresses of their own are asked", async (t) => {
  await using server = await apiServer();
  const ip = ownAddress();
  await using stack = new AsyncDisposableStack();
  const backend = createServer(async (incoming, outgoing) => {
    if (incoming.url === "/away") return outgoing.writeHead(302, { location: "/there?a=b" }).end();
    if (incoming.url === "/cut") return incoming.socket.destroy();
    const { host, "x-forwarded-for": from, "x-forwarded-uri": uri, authorization } = incoming.headers;
    const { method, url } = incoming;
    outgoing.end(JSON.stringify({ method, url, host, from, uri, authorization, body: await text(incoming) }));
  }).listen(0, ip);
  await once(backend, "listening");
  stack.defer(async () => {
    backend.closeAllConnections();
    await new Promise((closed) => backend.close(closed));
  });
  const { port } = backend.address() as AddressInfo;
  await write(server, "POST", `${home}/serviceaccounts`, { metadata: { name: "default" } });
  await makePod(server, "good", port, ip);
  await makePod(server, "loopback", port, "127.0.0.1");
  await makePod(server, "metadata", port, "169.254.169.254");
  await makePod(server, "early", port);
  const at = { addresses: [ip], conditions: { ready: true } };
  const of = (name: string) => ({ targetRef: { kind: "Pod", namespace: "default", name } });
  await makeService(server, "good", port, { ...at, ...of("good") });
  await makeService(server, "unready", port, { ...at, ...of("good"), conditions: { ready: false } });
  await makeService(server, "by-hand", port, at);
  await makeService(server, "another-s", port, { ...at, ...of("early") });

  for (const place of [`pods/good:${port}`, "pods/http:good:web", "services/good:80", "services/good:web"]) {
    await t.step(`${place}: method, query, body and the name of this server are kept`, async () => {
      const page = `${home}/${place}/proxy/a%20b`;
      const headers = { host: "localhost:6443", "x-forwarded-for": "192.0.2.9", authorization: "Basic secret" };
      const { status, headers: told, body } = await ask(server, `${page}?q=%20e+f&g`, {
        method: "PUT",
        headers,
        body: "hello",
      });
      assert.deepEqual([status, told["cache-control"]], [200, "no-cache, private"]);
      assert.deepEqual(JSON.parse(body), {
        method: "PUT",
        url: "/a%20b?q=%20e+f&g",
        host: "localhost:6443",
        from: "192.0.2.9, 127.0.0.1",
        uri: page,
        body: "hello",
      });
      const away = await ask(server, `${home}/${place}/proxy/away`);
      assert.deepEqual([away.status, away.headers.location], [302, `${home}/${place}/proxy/there?a=b`]);
      const root = await ask(server, `${home}/${place}/proxy?x=1`);
      assert.deepEqual([root.status, root.headers.location], [301, `${home}/${place}/proxy/?x=1`]);
    });
  }

  const refused: Readonly<Record<string, readonly [number, string]>> = {
    "pods/loopback": [400, "address not allowed"],
    "pods/metadata": [400, "address not allowed"],
    "pods/early": [400, "address not allowed"],
    "pods/ftp:good:web": [400, 'invalid pod request "ftp:good:web"'],
    "pods/good:70000": [503, "error trying to reach service: dial tcp: address 70000: invalid port"],
    "pods/good:1": [503, `error trying to reach service: dial tcp ${ip}:1: connect: connection refused`],
    [`pods/good:${port}/proxy/cut`]: [503, "error trying to reach service: EOF"],
    "services/a:b:c:d": [400, 'invalid service request "a:b:c:d"'],
    "services/good:81": [503, 'no service port 81 found for service "good"'],
    "services/good:bad": [503, 'no endpoints available for service "good:bad"'],
    "services/unready": [503, 'no endpoints available for service "unready"'],
    "services/by-hand:web": [503, 'no endpoints available for service "by-hand:web"'],
    "services/another-s:web": [503, 'no endpoints available for service "another-s:web"'],
    "services/none": [404, 'services "none" not found'],
  };
  for (const [place, [code, message]] of Object.entries(refused)) {
    await t.step(`${place} is refused: ${message}`, async () => {
      const { status, body } = await ask(server, `${home}/${place.includes("/proxy/") ? place : `${place}/proxy/x`}`);
      assert.deepEqual([status, JSON.parse(body).message], [code, message]);
    });
  }
});
