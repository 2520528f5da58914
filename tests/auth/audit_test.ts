import assert from "node:assert/strict";
import { duplexPair } from "node:stream";
import { AuditCounts, type AuditPolicy, parsePolicy } from "../../runtime/api/audit/mod.ts";
import { type Api, type ApiOptions, createApi, serveApi } from "../../runtime/api/mod.ts";
import { ensurePki, type Pki, type User } from "../../runtime/auth/mod.ts";
import { systemClock } from "../../runtime/loop/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

/** What the tests look at, of an event of audit.k8s.io/v1. */
interface Event {
  readonly auditID: string;
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username?: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly subresource?: string };
  readonly responseStatus: { readonly code: number; readonly reason?: string; readonly message?: string };
  readonly annotations: Readonly<Record<string, string>>;
  readonly requestObject?: { readonly data: unknown };
  readonly responseObject?: { readonly data: unknown };
}

const users: Readonly<Record<string, User>> = {
  root: { name: "root", groups: ["system:masters"] },
  bob: { name: "bob", groups: ["dev"] },
};

interface AuditedApi extends AsyncDisposable {
  readonly api: Api;
  readonly events: Event[];
  readonly pki: () => Promise<Pki>;
  ask(user: string, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The next event that fits, which may have come already. */
  event(fits: (event: Event) => boolean): Promise<Event>;
}

const everything = (level: string): AuditPolicy =>
  parsePolicy({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level }] });

async function auditedApi(policy = everything("Metadata"), more: Partial<ApiOptions> = {}): Promise<AuditedApi> {
  const dir = await Deno.makeTempDir();
  const store = await openSqliteStore({ path: `${dir}/store.db` });
  const events: Event[] = [];
  const waiting = new Set<() => void>();
  const write = (event: object) => {
    events.push(event as Event);
    for (const look of waiting) look();
  };
  const api = await createApi({
    store,
    clock: systemClock,
    authenticate: ({ authorization }) => Promise.resolve(users[authorization?.replace("Bearer ", "") ?? ""]),
    authorize: ({ user, path }) => {
      if (path === "/apis") throw new TypeError("nobody foresaw this");
      const allowed = user.groups.includes("system:masters");
      return Promise.resolve({ allowed, reason: allowed ? "masters may" : "only masters may" });
    },
    audit: { policy, sink: { write, close: async () => {} }, counts: new AuditCounts() },
    ...more,
  });
  return {
    api,
    events,
    pki: () => ensurePki(`${dir}/pki`, { hostnames: ["localhost"], ips: ["127.0.0.1"], serviceIp: "10.96.0.1" }),
    ask: (user, method, path, body, headers = {}) =>
      api.fetch(
        new Request(`https://api${path}`, {
          method,
          headers: { authorization: `Bearer ${user}`, "content-type": "application/json", ...headers },
          body: body === undefined ? undefined : JSON.stringify(body),
        }),
      ),
    event: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.find(fits);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      await api.close();
      await store.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

const complete = ({ stage }: Event) => stage === "ResponseComplete";
const namespaces = "/api/v1/namespaces";

Deno.test("what is refused is written down: who was not believed, who may not, and whom it was about", async () => {
  await using world = await auditedApi();
  assert.equal((await world.ask("eve", "GET", namespaces)).status, 401);
  assert.equal((await world.ask("bob", "GET", `${namespaces}/x?access_token=s3cret&limit=1`)).status, 403);
  assert.equal((await world.ask("bob", "GET", namespaces, undefined, { "impersonate-user": "root" })).status, 403);
  const [unbelieved, , refused, , impersonating] = world.events as [Event, Event, Event, Event, Event];
  assert.deepEqual([unbelieved.stage, unbelieved.user, unbelieved.responseStatus.code], ["ResponseStarted", {}, 401]);
  assert.equal(unbelieved.responseStatus.reason, "Unauthorized");
  assert.equal(refused.stage, "ResponseComplete");
  assert.equal(refused.requestURI, `${namespaces}/x?access_token=REDACTED&limit=1`);
  assert.deepEqual(refused.annotations, {
    "authorization.k8s.io/decision": "forbid",
    "authorization.k8s.io/reason": "only masters may",
  });
  assert.deepEqual([refused.responseStatus.code, refused.responseStatus.reason], [403, "Forbidden"]);
  assert.equal(impersonating.user.username, "bob");
  assert.equal(impersonating.impersonatedUser, undefined);
  assert.match(impersonating.responseStatus.message!, /cannot impersonate resource "users"/);
  assert.ok(!JSON.stringify(world.events).includes("s3cret"));
});

Deno.test("the policy's rules see who calls, and the event also whom he acts as", async () => {
  const policy = parsePolicy({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "None", users: ["bob"] }, { level: "Metadata", users: ["root"] }],
  });
  await using world = await auditedApi(policy);
  await world.ask("root", "GET", namespaces, undefined, { "impersonate-user": "bob" });
  await world.ask("root", "GET", namespaces);
  await world.ask("bob", "GET", namespaces);
  const [acting, own, ...others] = world.events as [Event, Event, ...Event[]];
  assert.deepEqual([acting.user.username, acting.impersonatedUser?.username], ["root", "bob"]);
  assert.equal(acting.annotations["authorization.k8s.io/decision"], "forbid");
  assert.deepEqual(own.annotations, {
    "authorization.k8s.io/decision": "allow",
    "authorization.k8s.io/reason": "masters may",
  });
  assert.deepEqual(own.responseStatus, { metadata: {}, code: 200 });
  assert.deepEqual(others, []);
});

Deno.test("what nobody foresaw is an event of the stage Panic", async () => {
  await using world = await auditedApi();
  assert.equal((await world.ask("root", "GET", "/apis")).status, 500);
  const last = world.events[1]!;
  assert.deepEqual([last.stage, last.responseStatus.code], ["Panic", 500]);
  assert.match(last.responseStatus.message!, /APIServer panic'd: nobody foresaw this/);
});

Deno.test("secrets and tokens are in no event, whatever the policy asks for, and other objects are", async () => {
  await using world = await auditedApi(everything("RequestResponse"));
  const inDefault = `${namespaces}/default`;
  const put = (plural: string, kind: string, rest: object) =>
    world.ask("root", "POST", `${inDefault}/${plural}`, { apiVersion: "v1", kind, metadata: { name: "x" }, ...rest });
  assert.equal((await put("secrets", "Secret", { stringData: { a: "hunter2" } })).status, 201);
  assert.equal((await put("configmaps", "ConfigMap", { data: { a: "open" } })).status, 201);
  const patch = { stringData: { a: "hunter3" } };
  const merge = { "content-type": "application/merge-patch+json" };
  assert.equal((await world.ask("root", "PATCH", `${inDefault}/secrets/x`, patch, merge)).status, 200);
  assert.equal((await world.ask("root", "GET", "/api/v1/secrets")).status, 200);
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: "hunter4" } };
  await world.ask("root", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
  const text = JSON.stringify(world.events);
  for (const hidden of ["hunter", btoa("hunter2"), btoa("hunter3")]) assert.ok(!text.includes(hidden), hidden);
  const made = world.events.find(({ objectRef, stage }) =>
    objectRef?.resource === "configmaps" && stage === "ResponseComplete"
  )!;
  assert.deepEqual([made.requestObject?.data, made.responseObject?.data], [{ a: "open" }, { a: "open" }]);
  assert.equal(made.responseStatus.code, 201);
});

Deno.test("a watch is written down when it begins and when it ends; an upgrade that is refused, with its refusal", async () => {
  await using world = await auditedApi();
  const pki = await world.pki();
  const { key, cert } = pki.apiserver;
  const served = await serveApi(world.api, { hostname: "127.0.0.1", port: 0, key, cert, clientCa: pki.ca.cert });
  const client = Deno.createHttpClient({ caCerts: [pki.ca.cert] });
  const url = `https://127.0.0.1:${served.port}`;
  const headers = { authorization: "Bearer root" };
  try {
    const stop = new AbortController();
    const watch = await fetch(`${url}${namespaces}?watch=1`, { client, headers, signal: stop.signal });
    const ofWatch = (stage: string) => world.event((event) => event.verb === "watch" && event.stage === stage);
    assert.equal((await ofWatch("ResponseStarted")).responseStatus.code, 200);
    assert.ok(!world.events.some((event) => event.verb === "watch" && complete(event)));
    await watch.body?.cancel();
    stop.abort();
    assert.equal((await ofWatch("ResponseComplete")).responseStatus.code, 200);
    const socket = await Deno.connectTls({ hostname: "127.0.0.1", port: served.port, caCerts: [pki.ca.cert] });
    const lines = [
      `POST ${namespaces}/default/pods/x/exec?command=ls HTTP/1.1`,
      ...["Host: api", "Connection: Upgrade", "Upgrade: SPDY/3.1", "Authorization: Bearer bob"],
    ];
    await socket.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    const refused = await world.event(({ objectRef, stage }) =>
      objectRef?.subresource === "exec" && stage === "ResponseComplete"
    );
    assert.deepEqual([refused.verb, refused.user.username, refused.responseStatus.code], ["create", "bob", 403]);
    assert.equal(refused.annotations["authorization.k8s.io/decision"], "forbid");
    socket.close();
  } finally {
    client.close();
    await served.close(0);
  }
});

/** Takes what a client would say to a kubelet, and answers with a stream that ends with the client. */
function kubelet(): ApiOptions["dialKubelet"] {
  return () => {
    const [near, far] = duplexPair();
    far.once(
      "data",
      () => far.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n\r\n"),
    );
    far.once("end", () => far.end());
    return Promise.resolve(near);
  };
}

Deno.test("an exec is written down when it begins and when it ends, and all events are counted", async () => {
  await using world = await auditedApi(everything("Metadata"), { dialKubelet: kubelet() });
  const pki = await world.pki();
  const { key, cert } = pki.apiserver;
  const served = await serveApi(world.api, { hostname: "127.0.0.1", port: 0, key, cert, clientCa: pki.ca.cert });
  const made = async (path: string, body: object) => {
    assert.equal((await world.ask("root", "POST", path, { apiVersion: "v1", ...body })).status, 201, path);
  };
  const inDefault = `${namespaces}/default`;
  const status = {
    addresses: [{ type: "InternalIP", address: "10.0.0.7" }],
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
  };
  await made("/api/v1/nodes", { kind: "Node", metadata: { name: "n" }, status });
  await made(`${inDefault}/serviceaccounts`, { kind: "ServiceAccount", metadata: { name: "default" } });
  const spec = { nodeName: "n", containers: [{ name: "c", image: "x" }] };
  await made(`${inDefault}/pods`, { kind: "Pod", metadata: { name: "web" }, spec });
  const socket = await Deno.connectTls({ hostname: "127.0.0.1", port: served.port, caCerts: [pki.ca.cert] });
  try {
    const lines = [
      `POST ${inDefault}/pods/web/exec?command=ls HTTP/1.1`,
      ...["Host: api", "Connection: Upgrade", "Upgrade: SPDY/3.1", "Authorization: Bearer root", "User-Agent: test/1"],
    ];
    await socket.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
    const of = (wanted: string) =>
      world.event(({ objectRef, stage }) => objectRef?.subresource === "exec" && stage === wanted);
    const began = await of("ResponseStarted");
    assert.deepEqual([began.responseStatus.code, began.userAgent, began.verb], [101, "test/1", "create"]);
    assert.equal(began.annotations["authorization.k8s.io/decision"], "allow");
    assert.ok(!world.events.some((event) => event.auditID === began.auditID && complete(event)));
  } finally {
    socket.close();
  }
  const ended = await world.event(({ objectRef, stage }) =>
    objectRef?.subresource === "exec" && stage === "ResponseComplete"
  );
  assert.equal(ended.responseStatus.code, 101);
  const metrics = await (await world.ask("root", "GET", "/metrics")).text();
  // The scrape itself was received, and is not answered yet.
  assert.match(metrics, new RegExp(`^apiserver_audit_event_total ${world.events.length - 1}$`, "m"));
  await served.close(0);
});
