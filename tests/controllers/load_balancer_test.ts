import assert from "node:assert/strict";
import { loadBalancers } from "../../controllers/mod.ts";
import { ttlSeconds } from "../../controllers/node_ttl.ts";
import { EndpointSlice, Event, Node, Service } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";

const at = (name: string) => ({ namespace: "default", name });

async function node({ client }: TestCluster, name: string, address: string, labels = {}): Promise<void> {
  const made = await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
  const conditions = [{ type: "Ready", status: "True" }];
  const addresses = [{ type: "InternalIP", address }];
  await client.update(Node, { ...made, status: { conditions, addresses } }, { subresource: "status" });
}

function balanced(name: string, spec: object = {}) {
  const ports = [{ port: 80 }];
  return {
    apiVersion: "v1" as const,
    kind: "Service" as const,
    metadata: at(name),
    spec: { type: "LoadBalancer" as const, ports, ...spec },
  };
}

type Told = { status?: { loadBalancer?: { ingress?: { ip?: string; ipMode?: string }[] } } };
const addressesOf = (service: Told | undefined) => service?.status?.loadBalancer?.ingress?.map(({ ip }) => ip) ?? [];
const has = (...addresses: string[]) => (service: Told | undefined) =>
  JSON.stringify(addressesOf(service)) === JSON.stringify(addresses);

Deno.test("a Service of type LoadBalancer is reached at the nodes that are ready, and follows them", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([loadBalancers()]);
  await node(cluster, "b", "192.0.2.2");
  await node(cluster, "shy", "192.0.2.3", { "node.kubernetes.io/exclude-from-external-load-balancers": "" });
  await client.create(Service, balanced("web"));
  const first = await until(Service, at("web"), has("192.0.2.2"));
  assert.deepEqual(first?.status?.loadBalancer, { ingress: [{ ip: "192.0.2.2", ipMode: "VIP" }] });
  await node(cluster, "a", "192.0.2.1");
  await until(Service, at("web"), has("192.0.2.1", "192.0.2.2"));
  const conditions = [{ type: "Ready", status: "False" }];
  await client.patch(Node, { name: "b" }, { type: "merge", body: { status: { conditions } } }, {
    subresource: "status",
  });
  await until(Service, at("web"), has("192.0.2.1"));
  await client.patch(Service, at("web"), { type: "merge", body: { spec: { type: "ClusterIP" } } });
  await until(Service, at("web"), has());
});

Deno.test("with policy Local a Service is reached only where an endpoint is ready", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([loadBalancers()]);
  await node(cluster, "a", "192.0.2.1");
  await node(cluster, "b", "192.0.2.2");
  await client.create(Service, balanced("web", { externalTrafficPolicy: "Local" }));
  const slice = (nodeName: string) => ({
    apiVersion: "discovery.k8s.io/v1" as const,
    kind: "EndpointSlice" as const,
    metadata: { ...at("web-1"), labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4" as const,
    endpoints: [{ addresses: ["10.244.0.2"], conditions: { ready: true }, nodeName }],
    ports: [],
  });
  await client.create(EndpointSlice, slice("b"));
  await until(Service, at("web"), has("192.0.2.2"));
  await client.update(EndpointSlice, slice("a"));
  await until(Service, at("web"), has("192.0.2.1"));
});

Deno.test("a port of the nodes has one Service: the next gets it when the first goes, and one of the nodes' own nobody", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([loadBalancers({ reserved: new Map([["6443/TCP", "the API server"]]) })]);
  await node(cluster, "a", "192.0.2.1");
  await client.create(Service, balanced("first"));
  await until(Service, at("first"), has("192.0.2.1"));
  await client.create(Service, balanced("second"));
  await client.create(Service, balanced("api", { ports: [{ port: 6443 }] }));
  const told = (name: string) => (event: { involvedObject?: { name?: string }; reason?: string } | undefined) =>
    event?.reason === "SyncLoadBalancerFailed" && event.involvedObject?.name === name;
  const refusals: Record<string, string | undefined> = {};
  for await (const event of client.watch(Event, { namespace: "default", signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "BOOKMARK") continue;
    for (const name of ["second", "api"]) if (told(name)(event.object)) refusals[name] = event.object.message;
    if (Object.keys(refusals).length === 2) break;
  }
  assert.deepEqual(refusals, {
    second: "Error syncing load balancer: failed to ensure load balancer: port 80/TCP of the nodes is taken by " +
      "Service default/first",
    api: "Error syncing load balancer: failed to ensure load balancer: port 6443/TCP of the nodes is the API server's",
  });
  assert.deepEqual(addressesOf(await client.get(Service, at("second"))), []);
  await client.delete(Service, at("first"));
  await until(Service, at("second"), has("192.0.2.1"));
});

Deno.test("a Service of another class keeps what its own controller says; a finalizer of upstream's does not hold one for ever", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  await node(cluster, "a", "192.0.2.1");
  const finalizers = ["service.kubernetes.io/load-balancer-cleanup"];
  const theirs = balanced("theirs", { loadBalancerClass: "example.com/lb", allocateLoadBalancerNodePorts: false });
  const made = await client.create(Service, theirs);
  assert.equal(made.spec?.ports?.[0]?.nodePort, undefined);
  const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
  await client.update(Service, { ...made, status }, { subresource: "status" });
  await client.create(Service, { ...balanced("ours"), metadata: { ...at("ours"), finalizers } });
  cluster.run([loadBalancers()]);
  await until(Service, at("ours"), has("192.0.2.1"));
  await client.delete(Service, at("ours"));
  await until(Service, at("ours"), (service) => service === undefined);
  assert.deepEqual(addressesOf(await client.get(Service, at("theirs"))), ["203.0.113.1"]);
});

Deno.test("how long nodes may remember Secrets grows with the cluster, and does not waver at its bounds", () => {
  assert.deepEqual([1, 100, 101, 500, 800, 1500, 5000].map((nodes) => ttlSeconds(nodes)), [0, 0, 15, 15, 30, 60, 300]);
  assert.deepEqual([ttlSeconds(95, 0), ttlSeconds(95, 15), ttlSeconds(89, 15)], [0, 15, 0]);
});
