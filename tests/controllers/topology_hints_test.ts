import assert from "node:assert/strict";
import fc from "fast-check";
import type { IEndpoint } from "kubernetes-models/discovery.k8s.io/v1/Endpoint";
import type { INode } from "kubernetes-models/v1/Node";
import { endpointSlices } from "../../controllers/mod.ts";
import { zoneShares, zonesOf } from "../../controllers/endpointslice/topology.ts";
import { EndpointSlice, Event, Node, Pod, Service, ServiceAccount, type Stored } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";

const zoneNames = ["a", "b", "c"];
const world = fc.record({
  cpu: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 2, maxLength: 3 }),
  // Some endpoints may be in a zone that has no ready node.
  zones: fc.array(fc.constantFrom(...zoneNames, "gone"), { maxLength: 14 }),
});

/** Whether so many endpoints can be dealt out so that none carries more than a fifth above its share: every way is tried. */
function canBeShared(left: number, [share, ...rest]: readonly number[], count = left): boolean {
  if (share === undefined) return true;
  for (let n = 1; n <= left; n++) {
    // A bit of tolerance for fractions such as 2.5 / 1.2 / 2.5.
    if (share * count / n <= 1.2 + 1e-9 && canBeShared(left - n, rest, count)) return true;
  }
  return false;
}

Deno.test("zones share endpoints so that none carries a fifth too much, and move no more of them than they must", () => {
  fc.assert(fc.property(world, ({ cpu, zones }) => {
    const total = cpu.reduce((a, b) => a + b);
    const shares = new Map(cpu.map((amount, i) => [zoneNames[i]!, amount / total]));
    const ready = zones.map((zone, i): IEndpoint => ({ addresses: [`10.0.0.${i}`], zone }));
    const given = zonesOf(ready, shares);
    if (typeof given === "string") return assert.ok(!canBeShared(ready.length, [...shares.values()]), given);
    assert.ok(canBeShared(ready.length, [...shares.values()]));
    assert.equal(given.size, ready.length);
    const counts = new Map<string, number>();
    for (const zone of given.values()) counts.set(zone, (counts.get(zone) ?? 0) + 1);
    let missing = 0;
    for (const [zone, share] of shares) {
      assert.ok(share * ready.length / (counts.get(zone) ?? 0) <= 1.2 + 1e-9);
      const own = zones.filter((one) => one === zone).length;
      let needed = own;
      while (share * ready.length > (1.2 + 1e-9) * needed) needed++;
      missing += needed - own;
    }
    const homeless = zones.filter((zone) => !shares.has(zone)).length;
    const moved = ready.filter(({ addresses, zone }) => given.get(addresses[0]!) !== zone).length;
    assert.equal(moved, Math.max(homeless, missing));
  }));
});

function node(name: string, zone?: string, more: object = {}): Stored<INode> {
  const metadata = { name, uid: name, resourceVersion: "1", creationTimestamp: "" };
  const labels: Record<string, string> = zone ? { "topology.kubernetes.io/zone": zone } : {};
  const status = { allocatable: { cpu: "4" }, conditions: [{ type: "Ready", status: "True" }] };
  return { apiVersion: "v1", kind: "Node", metadata: { ...metadata, labels: { ...labels, ...more } }, status };
}

Deno.test("nodes that are not ready, or are masters, do not count; one without a zone spoils it", () => {
  const ill = { ...node("ill"), status: { conditions: [{ type: "Ready", status: "False" }] } };
  const master = node("master", undefined, { "node-role.kubernetes.io/control-plane": "" });
  const two = [node("1", "a"), node("2", "b"), node("3", "b")];
  assert.deepEqual(zoneShares([...two, ill, master]), new Map([["a", 1 / 3], ["b", 2 / 3]]));
  assert.match(String(zoneShares([...two, node("4")])), /^Insufficient Node information: allocatable CPU or zone not/);
  assert.equal(zoneShares(two.slice(1)), "Nodes only ready in one zone");
});

Deno.test("a Service with topology-mode Auto has hints while there are enough endpoints, and says why it has none", async () => {
  await using cluster = await testCluster();
  const { client } = cluster;
  cluster.run([endpointSlices]);
  const account = { name: "default", namespace: "default" };
  await client.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  for (const [name, zone] of [["n1", "a"], ["n2", "b"]] as const) {
    const { status, ...bare } = node(name, zone);
    const made = await client.create(Node, { ...bare, metadata: { name, labels: bare.metadata.labels } });
    await client.update(Node, { ...made, status }, { subresource: "status" });
  }
  const at = { namespace: "default" };
  const annotations = { "service.kubernetes.io/topology-mode": "Auto" };
  await client.create(Service, {
    ...{ apiVersion: "v1", kind: "Service" },
    metadata: { ...at, name: "web", annotations },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  const pod = async (name: string, nodeName: string, podIP: string) => {
    const metadata = { ...at, name, labels: { app: "web" } };
    const spec = { nodeName, containers: [{ name: "a", image: "a" }] };
    const made = await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec });
    const conditions = [{ type: "Ready", status: "True" }];
    const status = { phase: "Running" as const, podIP, podIPs: [{ ip: podIP }], conditions };
    await client.update(Pod, { ...made, status }, { subresource: "status" });
  };
  const hinted = async (test: (hints: (string | undefined)[]) => boolean) => {
    for await (const event of client.watch(EndpointSlice, { ...at, signal: AbortSignal.timeout(20_000) })) {
      if (event.type !== "ADDED" && event.type !== "MODIFIED") continue;
      if (test((event.object.endpoints ?? []).map(({ hints }) => hints?.forZones?.[0]?.name).sort())) return;
    }
    throw new Error("the hints did not come to what was expected");
  };
  await pod("p1", "n1", "10.244.0.2");
  await hinted((hints) => hints.length === 1 && hints[0] === undefined);
  await pod("p2", "n1", "10.244.0.3");
  await hinted((hints) => hints.join() === "a,b");
  const told = new Set<string>();
  for await (const event of client.watch(Event, { ...at, signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "BOOKMARK") continue;
    told.add(`${event.object.reason}: ${event.object.message}`);
    if (told.has("TopologyAwareHintsEnabled: Topology Aware Hints has been enabled, addressType: IPv4")) break;
  }
  assert.ok(told.has(
    "TopologyAwareHintsDisabled: Insufficient number of endpoints (1), impossible to safely allocate proportionally, " +
      "addressType: IPv4",
  ));
});
