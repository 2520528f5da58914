import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Api, createApi } from "../../runtime/api/mod.ts";
import { ensurePki } from "../../runtime/auth/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

const admin = { name: "kubernetes-admin", groups: ["system:masters"] };
const name = "v1.wardle.example.com";
const resources = [
  { name: "flunders", singularName: "flunder", namespaced: true, kind: "Flunder", verbs: ["get", "list"] },
];

interface World extends AsyncDisposable {
  readonly api: Api;
  /** What came in at the server behind: who showed which certificate, and said who asks. */
  readonly seen: { path: string; certificate: string; user?: string; groups: string[] }[];
  // deno-lint-ignore no-explicit-any -- tests look into answers of every kind
  call(method: string, path: string, body?: object): Promise<{ status: number; body: any }>;
}

/** An API server, and behind it another that serves `wardle.example.com/v1` at `localhost`. */
async function world(): Promise<World> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-aggregation-" });
  const pki = await ensurePki(folder, { hostnames: ["wardle.default.svc"], ips: ["127.0.0.1"] });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  const api = await createApi({
    store,
    clock: systemClock,
    authenticate: () => Promise.resolve(admin),
    authorize: ({ user }) => Promise.resolve({ allowed: user.groups.includes("system:masters"), reason: "" }),
    aggregation: { frontProxy: pki.frontProxyClient, frontProxyCa: pki.frontProxyCa.cert, clientCa: pki.ca.cert },
  });
  const seen: World["seen"] = [];
  const { key, cert } = pki.apiserver;
  const behind = createServer({ key, cert, ca: pki.frontProxyCa.cert, requestCert: true }, (request, response) => {
    const certificate = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "");
    const { "x-remote-user": user } = request.headers as Record<string, string>;
    const groups = request.rawHeaders.flatMap((text, i, all) => /^x-remote-group$/i.test(text) ? [all[i + 1]!] : []);
    seen.push({ path: request.url!, certificate, user, groups });
    const list = { kind: "APIResourceList", apiVersion: "v1", groupVersion: "wardle.example.com/v1", resources };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify(request.url === "/apis/wardle.example.com/v1" ? list : { kind: "FlunderList", items: [] }),
    );
  });
  await new Promise<void>((resolve) => behind.listen(0, resolve));
  const call: World["call"] = async (method, path, body) => {
    const request = new Request(`https://api${path}`, {
      method,
      body: body && JSON.stringify(body),
      headers: { "content-type": "application/json", "x-remote-user": "mallory" },
    });
    const response = await api.fetch(request);
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, body: isJson ? await response.json() : await response.text() };
  };
  const { port } = behind.address() as AddressInfo;
  const service = { type: "ExternalName", externalName: "localhost" };
  await call("POST", "/api/v1/namespaces/default/services", { metadata: { name: "wardle" }, spec: service });
  const spec = {
    ...{ group: "wardle.example.com", version: "v1", groupPriorityMinimum: 2000, versionPriority: 200 },
    service: { name: "wardle", namespace: "default", port },
    caBundle: btoa(pki.ca.cert),
  };
  const made = await call("POST", "/apis/apiregistration.k8s.io/v1/apiservices", { metadata: { name }, spec });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return {
    api,
    seen,
    call,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        behind.close(resolve);
        behind.closeAllConnections();
      });
      await api.close();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Resolves when the condition `Available` is as wanted. */
async function available({ api }: World, wanted: string): Promise<void> {
  const resource = api.resources.find("apiregistration.k8s.io", "v1", "apiservices")!;
  const { promise, resolve } = Promise.withResolvers<void>();
  const sink = {
    event: (_type: string, { path, object }: { path: string; object: object }) => {
      const { status } = object as { status?: { conditions?: { type: string; status: string }[] } };
      if (path === name && status?.conditions?.some((one) => one.type === "Available" && one.status === wanted)) {
        resolve();
      }
    },
    ...{ bookmark: () => {}, closed: () => {} },
  };
  using _watch = await api.registry.watch({ resource, namespace: "" }, {}, sink);
  await promise;
}

Deno.test("a server behind is asked with our certificate and in the caller's name, which the caller cannot choose", async () => {
  await using one = await world();
  await available(one, "True");
  const { status, body } = await one.call("GET", "/apis/wardle.example.com/v1/namespaces/default/flunders?limit=5");
  assert.equal(status, 200);
  assert.equal(body.kind, "FlunderList");
  const last = one.seen.at(-1)!;
  assert.equal(last.path, "/apis/wardle.example.com/v1/namespaces/default/flunders?limit=5");
  assert.equal(last.certificate, "front-proxy-client");
  assert.equal(last.user, "kubernetes-admin");
  assert.deepEqual(last.groups, ["system:masters"]);
});

Deno.test("what a server behind serves is discovered with our own, and goes with its APIService", async () => {
  await using one = await world();
  await available(one, "True");
  const groups = async () => (await one.call("GET", "/apis")).body.groups.map((group: { name: string }) => group.name);
  assert.ok((await groups()).includes("wardle.example.com"));
  assert.equal((await one.call("GET", "/apis/wardle.example.com/v1")).body.resources[0].name, "flunders");
  await one.call("DELETE", `/apis/apiregistration.k8s.io/v1/apiservices/${name}`);
  assert.ok(!(await groups()).includes("wardle.example.com"));
  assert.equal((await one.call("GET", "/apis/wardle.example.com/v1/flunders")).status, 404);
});

Deno.test("a server that cannot be reached is not available, with the reason, and its paths are answered 503", async () => {
  await using one = await world();
  const path = `/apis/apiregistration.k8s.io/v1/apiservices/${name}`;
  const { body } = await one.call("GET", path);
  body.spec.service.name = "nobody";
  await one.call("PUT", path, body);
  await available(one, "False");
  const { conditions } = (await one.call("GET", path)).body.status;
  assert.equal(conditions[0].reason, "ServiceNotFound");
  assert.equal(conditions[0].message, 'service/nobody in "default" is not present');
  assert.equal((await one.call("GET", "/apis/wardle.example.com/v1/flunders")).status, 503);
});
