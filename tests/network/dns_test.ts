/** Cluster DNS over real sockets, asked by a resolver that isn't ours. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createConnection } from "node:net";
import * as codec from "dns-packet";
import fc from "fast-check";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { INode } from "kubernetes-models/v1/Node";
import type { IService } from "kubernetes-models/v1/Service";
import { answer, type AnswerOptions } from "../../network/dns/answer.ts";
import { mayAsk } from "../../network/dns/askers.ts";
import type { ClusterNames } from "../../network/dns/cluster_names.ts";
import { nameServers, type Server } from "../../network/dns/forward.ts";
import { serveDns } from "../../network/dns/server.ts";

const endpoint = (address: string, more: object = {}) => ({
  addresses: [address],
  conditions: { ready: true },
  ...more,
});

const services: IService[] = [
  service("web", { clusterIP: "10.96.0.20", ports: [{ name: "http", port: 80 }] }),
  service("db", { clusterIP: "None", ports: [{ name: "pg", port: 5432 }] }),
  service("idle", { clusterIP: "None", ports: [{ port: 1 }] }),
  service("many", { clusterIP: "None" }),
  service("elsewhere", { type: "ExternalName", externalName: "www.example.com" }),
  service("alias", { type: "ExternalName", externalName: "web.default.svc.cluster.local" }),
];

const slices = [
  slice("db", [
    endpoint("10.244.0.5", { hostname: "db-0" }),
    endpoint("10.244.1.6"),
    endpoint("10.244.1.7", { conditions: { ready: false } }),
  ], [{ name: "pg", port: 5432, protocol: "TCP" }]),
  slice("many", Array.from({ length: 100 }, (_, i) => endpoint(`10.244.9.${i}`)), []),
];

function service(name: string, spec: IService["spec"]): IService {
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace: "default" }, spec };
}

function slice(name: string, endpoints: IEndpointSlice["endpoints"], ports: IEndpointSlice["ports"]): IEndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints,
    ports,
  };
}

const names: ClusterNames = {
  hasNamespace: (name) => name === "default",
  service: (namespace, name) => services.find(({ metadata: m }) => m?.namespace === namespace && m.name === name),
  slicesOf: (_namespace, name) => slices.filter(({ metadata }) => metadata?.name === name),
  servicesAt: (address) => services.filter(({ spec }) => spec?.clusterIP === address),
  slicesAt: (address) => slices.filter(({ endpoints }) => endpoints?.some(({ addresses }) => addresses[0] === address)),
};

function options(upstream: readonly Server[] = []): AnswerOptions {
  return {
    zone: { domain: "cluster.local", names },
    upstream: () => Promise.resolve(upstream),
    random: () => 0.5,
    timeoutMs: 200,
  };
}

function serve(upstream?: readonly Server[]) {
  const own = options(upstream);
  return serveDns({
    hostname: "127.0.0.1",
    port: 0,
    accepts: () => true,
    answer: (query, transport) => answer(query, transport, own),
  });
}

const decode = (bytes?: Uint8Array) => codec.decode(Buffer.from(bytes ?? []));

async function ask(name: string, type: string, more: object = {}) {
  const query = codec.encode({
    type: "query",
    id: 7,
    flags: codec.RECURSION_DESIRED,
    questions: [{ name, type }],
    ...more,
  });
  const bytes = await answer(query, "udp", options());
  return { ...decode(bytes), size: bytes?.length ?? 0 };
}

const data = (reply: { answers: { data: unknown }[] }) => reply.answers.map((it) => it.data).sort();

Deno.test("a resolver finds Services, headless endpoints, hostnames, ports, pods and aliases", async () => {
  await using server = await serve();
  const nameServer = { ipAddr: "127.0.0.1", port: server.port };
  const a = async (name: string) => (await Deno.resolveDns(`${name}.`, "A", { nameServer })).sort();
  assert.deepEqual(await a("web.default.svc.cluster.local"), ["10.96.0.20"]);
  assert.deepEqual(await a("WEB.Default.svc.Cluster.local"), ["10.96.0.20"]);
  assert.deepEqual(await a("db.default.svc.cluster.local"), ["10.244.0.5", "10.244.1.6"]);
  assert.deepEqual(await a("db-0.db.default.svc.cluster.local"), ["10.244.0.5"]);
  assert.deepEqual(await a("10-244-1-6.db.default.svc.cluster.local"), ["10.244.1.6"]);
  assert.deepEqual(await a("10-244-3-9.default.pod.cluster.local"), ["10.244.3.9"]);
  assert.deepEqual(await a("alias.default.svc.cluster.local"), ["10.96.0.20"]);
  const srv = await Deno.resolveDns("_pg._tcp.db.default.svc.cluster.local.", "SRV", { nameServer });
  assert.deepEqual(srv.map(({ target, port }) => `${target} ${port}`).sort(), [
    "10-244-1-6.db.default.svc.cluster.local. 5432",
    "db-0.db.default.svc.cluster.local. 5432",
  ]);
  assert.deepEqual(await Deno.resolveDns("dns-version.cluster.local.", "TXT", { nameServer }), [["1.1.0"]]);
  const ptr = (address: string) =>
    Deno.resolveDns(`${address.split(".").reverse().join(".")}.in-addr.arpa.`, "PTR", { nameServer });
  assert.deepEqual(await ptr("10.96.0.20"), ["web.default.svc.cluster.local."]);
  assert.deepEqual(await ptr("10.244.0.5"), ["db-0.db.default.svc.cluster.local."]);
});

Deno.test("a name without the type asked for is no error, a name that isn't there is NXDOMAIN", async () => {
  for (
    const [name, type] of [
      ["web.default.svc.cluster.local", "AAAA"],
      ["web.default.svc.cluster.local", "TXT"],
      ["idle.default.svc.cluster.local", "A"],
      ["default.svc.cluster.local", "A"],
      ["svc.cluster.local", "A"],
      ["10-244-3-9.default.pod.cluster.local", "AAAA"],
    ] as const
  ) {
    const reply = await ask(name, type);
    assert.equal(reply.rcode, "NOERROR", `${name} ${type}`);
    assert.equal(reply.answers.length, 0, name);
    assert.equal(reply.authorities[0].type, "SOA", name);
  }
  for (
    const name of [
      "none.default.svc.cluster.local",
      "web.none.svc.cluster.local",
      "no.db.default.svc.cluster.local",
      "_x._tcp.web.default.svc.cluster.local",
      "web.default.cluster.local",
      "web.default.svc.cluster.local.default.svc.cluster.local",
      "1-2-3-4.none.pod.cluster.local",
      "1-2-3-999.default.pod.cluster.local",
    ]
  ) assert.equal((await ask(name, "A")).rcode, "NXDOMAIN", name);
});

Deno.test("an answer too big for UDP is cut and says so, and comes whole over TCP", async () => {
  const small = await ask("many.default.svc.cluster.local", "A");
  assert.equal(small.flag_tc, true);
  assert.ok(small.size <= 512 && small.answers.length > 0, `${small.size}`);
  const edns = { additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1232 }] };
  const large = await ask("many.default.svc.cluster.local", "A", edns);
  assert.ok(large.size <= 1232 && large.answers.length > small.answers.length);
  await using server = await serve();
  const nameServer = { ipAddr: "127.0.0.1", port: server.port };
  assert.equal((await Deno.resolveDns("many.default.svc.cluster.local.", "A", { nameServer })).length, 100);
});

Deno.test("other names go to the machine's resolvers, over UDP and TCP, and fail as SERVFAIL without one", async () => {
  const world: typeof answer = (query) => {
    const { id, questions } = decode(query);
    const [{ name, type }] = questions;
    const answers = type === "A" ? [{ name, type: "A", ttl: 60, data: "192.0.2.1" }] : [];
    return Promise.resolve(codec.encode({ type: "response", id, questions, answers }));
  };
  await using upstream = await serveDns({
    hostname: "127.0.0.1",
    port: 0,
    accepts: () => true,
    answer: (query, transport) => world(query, transport, options()),
  });
  const to = [{ address: "127.0.0.1", port: upstream.port }];
  const question = (name: string) => codec.encode({ type: "query", id: 9, questions: [{ name, type: "A" }] });
  for (const transport of ["udp", "tcp"] as const) {
    const reply = decode(await answer(question("www.example.com"), transport, options(to)));
    assert.deepEqual([reply.id, ...data(reply)], [9, "192.0.2.1"]);
  }
  // The first one is dead: nothing listens there.
  const dead = [{ address: "127.0.0.1", port: 1 }, ...to];
  assert.deepEqual(data(decode(await answer(question("www.example.com"), "udp", options(dead)))), ["192.0.2.1"]);
  const alias = decode(await answer(question("elsewhere.default.svc.cluster.local"), "udp", options(to)));
  assert.deepEqual(data(alias), ["192.0.2.1", "www.example.com"]);
  assert.equal((await ask("www.example.com", "A")).rcode, "SERVFAIL");
});

Deno.test("only pods, nodes and the machine itself are answered", async () => {
  const node = (podCIDR: string, address: string): INode => ({
    apiVersion: "v1",
    kind: "Node",
    spec: { podCIDR },
    status: { addresses: [{ type: "InternalIP", address }] },
  });
  const self = node("10.244.0.0/24", "172.30.0.2");
  const askers = { self, nodes: [self, node("10.244.1.0/24", "172.30.0.3")], machine: () => ["203.0.113.5"] };
  for (const address of ["10.244.0.9", "10.244.1.9", "172.30.0.2", "172.30.0.3", "203.0.113.5"]) {
    assert.equal(mayAsk(address, askers), true, address);
  }
  for (const address of ["172.30.0.4", "10.244.2.1", "", "::1"]) assert.equal(mayAsk(address, askers), false, address);
  const answered = () => Promise.reject(new Error("must not be asked"));
  await using server = await serveDns({ hostname: "127.0.0.1", port: 0, accepts: () => false, answer: answered });
  const socket = createConnection({ host: "127.0.0.1", port: server.port });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.on("close", resolve));
});

Deno.test("name servers come from resolv.conf, three at most and never ourselves", () => {
  const text =
    "# nameserver 1.1.1.1\nnameserver 10.96.0.10\n nameserver\t9.9.9.9\nsearch x\nnameserver ::1\nnameserver a\nnameserver b";
  assert.deepEqual(nameServers(text, ["10.96.0.10"]).map(({ address }) => address), ["9.9.9.9", "::1", "a"]);
});

Deno.test("no bytes from a stranger end or hang the server", async () => {
  const valid: Uint8Array = codec.encode({
    type: "query",
    id: 1,
    questions: [{ name: "web.default.svc.cluster.local", type: "A" }],
  });
  const mangled = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
    const copy = Uint8Array.from(valid);
    copy[at] = byte;
    return copy;
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 80 }), mangled), async (bytes) => {
      const reply = await answer(bytes, "udp", options());
      if (reply) assert.deepEqual([reply[0], reply[1]], [bytes[0], bytes[1]]);
    }),
    { seed: 3, numRuns: 2_000 },
  );
  await using server = await serve();
  const socket = createConnection({ host: "127.0.0.1", port: server.port });
  socket.on("error", () => {});
  socket.write(new Uint8Array([0xff, 0xff, 1, 2, 3]));
  const nameServer = { ipAddr: "127.0.0.1", port: server.port };
  assert.deepEqual(await Deno.resolveDns("web.default.svc.cluster.local.", "A", { nameServer }), ["10.96.0.20"]);
  socket.destroy();
});
