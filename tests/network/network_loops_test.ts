/** The network loops of two nodes, with a real API server, real CNI plugins and real packets. */
import assert from "node:assert/strict";
import type { INode } from "kubernetes-models/v1/Node";
import type { IService } from "kubernetes-models/v1/Service";
import type { Run } from "../../network/command.ts";
import { clusterDns, overlay, removeOverlay, removeProxy, serviceProxy } from "../../network/mod.ts";
import { EndpointSlice, isReason, Namespace, Node, Service } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../controllers/cluster.ts";
import { type TestHost, testHost } from "../support/host.ts";
import { ensurePackages } from "../support/packages.ts";
import { addCniPod } from "./cni_pod.ts";
import { get, inPod, onHost, serveName } from "./traffic.ts";

const podCidr = "10.244.0.0/16";
const packages = ["iptables", "conntrack", "iproute2", "curl", "python3-minimal", "containernetworking-plugins"];

Deno.test("two nodes on one link: pods reach pods, Services and names across them, and nothing stays", async (t) => {
  await ensurePackages(packages);
  await using one = await testHost({ name: "one" });
  await using two = await testHost({ name: "two" });
  await using cluster = await testCluster();
  const { client } = cluster;
  await ensureNamespaces(cluster);
  await client.create(Node, node("one", one.address, "10.244.0.0/24"));
  await client.create(Node, node("two", two.address, "10.244.1.0/24"));
  // DNS lives in this process, so on the machine's own end of the link: a node without pods.
  await client.create(Node, node("here", one.link.gateway));
  // What docker does to a machine that also runs containers of its own.
  for (const host of [one, two]) await host.run(["iptables", "-P", "FORWARD", "DROP"]);
  const loops = [...nodeLoops(one), ...nodeLoops(two), clusterDns({ nodeName: "here", serviceCidr: "10.96.0.0/16" })];
  const running = cluster.run(loops);

  const [a, b] = await Promise.all([podOn(one, "pod-a"), podOn(two, "pod-b")]);
  const fromA = (command: readonly string[]) => inPod(a, command);
  const fromB = (command: readonly string[]) => inPod(b, command);
  await serveName(one, fromA, { name: "a", port: 8080 });
  await serveName(two, fromB, { name: "b", port: 8080 });

  await t.step("pods see each other under their own addresses", async () => {
    await eventually(async () => assert.equal(await get(one, fromA, `http://${b}:8080/`), `b ${a}`));
    await eventually(async () => assert.equal(await get(two, fromB, `http://${a}:8080/`), `a ${b}`));
  });
  await t.step("a pod leaves the cluster under its node's address", async () => {
    await serveName(two, onHost, { name: "host", port: 9090 });
    assert.equal(await get(one, fromA, `http://${two.address}:9090/`), `host ${one.address}`);
  });
  await t.step("a Service leads to the pods of both nodes, a node port on each node too", async () => {
    await client.create(Service, service("10.96.0.50"));
    await client.create(EndpointSlice, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "web-1", namespace: "default", labels: { "kubernetes.io/service-name": "web" } },
      addressType: "IPv4",
      ports: [{ port: 8080, protocol: "TCP", name: "" }],
      endpoints: [[a, "one"], [b, "two"]].map(([address, nodeName]) => ({ addresses: [address!], nodeName })),
    });
    for (const [host, enter] of [[one, fromA], [two, fromB], [one, onHost], [two, onHost]] as const) {
      await eventually(async () => {
        const answers = new Set<string>();
        for (let i = 0; i < 24; i++) answers.add((await get(host, enter, "http://10.96.0.50/")).split(" ")[0]!);
        assert.deepEqual(answers, new Set(["a", "b"]));
      });
    }
    assert.match(await get(one, onHost, "http://127.0.0.1:30050/"), /^[ab] /);
    assert.match(await get(one, onHost, `http://${two.address}:30050/`), /^[ab] /);
  });
  await t.step("pods and nodes resolve names at the cluster's DNS address", async () => {
    await eventually(async () => assert.equal(await lookUp(one, fromA), "10.96.0.50"));
    assert.equal(await lookUp(two, fromB), "10.96.0.50");
    assert.equal(await lookUp(two, onHost), "10.96.0.50");
  });
  await t.step("the route to a node comes and goes with the node", async () => {
    await client.create(Node, node("three", `${one.link.net}.250`, "10.244.3.0/24"));
    await eventually(async () => assert.match(await routes(one), /10\.244\.3\.0\/24 via/));
    await client.delete(Node, { name: "three" });
    await eventually(async () => assert.doesNotMatch(await routes(one), /10\.244\.3\.0/));
  });
  await running.stop();
  await t.step("a stopped loop leaves the network as it is", async () => {
    assert.equal(await get(one, fromA, `http://${b}:8080/`), `b ${a}`);
    assert.match(await get(one, fromA, "http://10.96.0.50/"), /^[ab] /);
  });
  await t.step("down takes away rules, routes, bridge, configuration and switches", async () => {
    await removeProxy({ stateDir: `${one.folder}/proxy`, run: runIn(one) });
    await removeOverlay({ stateDir: `${one.folder}/overlay`, cniConfDir: confDir(one), run: runIn(one) });
    assert.doesNotMatch((await one.run(["iptables-save"])).stdout, /KUBE|D8S/);
    assert.doesNotMatch(await routes(one), /10\.244/);
    assert.equal((await one.run(["ip", "link", "show", "cni0"], { check: false })).code, 1);
    assert.equal((await one.run(["cat", "/proc/sys/net/ipv4/ip_forward"])).stdout, "0\n");
    assert.deepEqual([...Deno.readDirSync(confDir(one))], []);
  });
});

Deno.test("a node that no plain route leads to is told in an Event, with the reason", async () => {
  await ensurePackages(packages);
  await using host = await testHost({ name: "near" });
  await using cluster = await testCluster();
  await ensureNamespaces(cluster);
  await cluster.client.create(Node, node("near", host.address, "10.244.0.0/24"));
  await cluster.client.create(Node, node("far", "198.51.100.9", "10.244.1.0/24"));
  cluster.run(nodeLoops(host, "near"));
  await eventually(async () => {
    const events = await cluster.client.raw("GET", "/api/v1/namespaces/default/events");
    assert.match(
      JSON.stringify(events),
      /no route to the pods of node far: its InternalIP 198\.51\.100\.9 is not on a link/,
    );
  });
});

function nodeLoops(host: TestHost, nodeName = host.name) {
  const run = runIn(host);
  return [
    overlay({ nodeName, podCidr, stateDir: `${host.folder}/overlay`, cniConfDir: confDir(host), run }),
    serviceProxy({ nodeName, podCidr, stateDir: `${host.folder}/proxy`, run }),
  ];
}

const runIn = (host: TestHost): Run => (command, stdin) => host.run(command, { stdin, check: false });
const confDir = (host: TestHost) => `${host.folder}/net.d`;
const routes = async (host: TestHost) => (await host.run(["ip", "route"])).stdout;

function node(name: string, address: string, podCIDR?: string): INode {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    spec: podCIDR ? { podCIDR, podCIDRs: [podCIDR] } : {},
    status: { addresses: [{ type: "InternalIP", address }] },
  };
}

function service(clusterIP: string): IService {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { type: "NodePort", clusterIP, ports: [{ port: 80, targetPort: 8080, nodePort: 30050 }] },
  };
}

async function ensureNamespaces({ client }: TestCluster): Promise<void> {
  for (const name of ["default", "kube-system"]) {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } }).catch((error) => {
      if (!isReason(error, "AlreadyExists")) throw error;
    });
  }
}

/** When the overlay has written the node's CNI configuration. */
async function podOn(host: TestHost, name: string): Promise<string> {
  await eventually(() => Deno.stat(`${confDir(host)}/10-d8s.conflist`));
  return await addCniPod(host, { confDir: confDir(host), name });
}

async function lookUp(host: TestHost, enter: (command: readonly string[]) => string[]): Promise<string | undefined> {
  const command = ["/bin/busybox", "nslookup", "-type=a", "web.default.svc.cluster.local", "10.96.0.10"];
  const { stdout } = await host.run(enter(command), { check: false });
  return /^Address: (\S+)$/m.exec(stdout)?.[1];
}

/** The kernel tells nobody what its tables hold: look, until it is so or 15 s are over. */
async function eventually(look: () => Promise<unknown>): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return void await look();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}
