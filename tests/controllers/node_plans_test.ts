import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSubnet, freeSubnet, parseSubnet, type Subnet } from "../../controllers/node_ipam/plan.ts";
import { type NodeObject, silentConditions, taintsOf } from "../../controllers/node_lifecycle/health_plan.ts";
import { emptyingPace, ZoneLimits } from "../../controllers/node_lifecycle/zones.ts";
import { evictionTimeMs } from "../../controllers/taint_eviction/plan.ts";
import { startMs } from "./sample.ts";

Deno.test("subnets that are given out never overlap, and none is left unused", () => {
  const whole = parseSubnet("10.244.0.0/22");
  const taken: Subnet[] = [];
  for (let subnet = freeSubnet(whole, 24, taken); subnet; subnet = freeSubnet(whole, 24, taken)) taken.push(subnet);
  assert.deepEqual(taken.map(formatSubnet), ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"]);
});

Deno.test("a free subnet overlaps nothing that is taken, whatever the sizes", () => {
  const whole = parseSubnet("10.0.0.0/20");
  const some = fc.array(fc.record({ at: fc.nat(4095), bits: fc.integer({ min: 20, max: 32 }) }), { maxLength: 12 });
  fc.assert(fc.property(some, fc.integer({ min: 21, max: 28 }), (all, bits) => {
    const taken = all.map(({ at, bits }) => parseSubnet(formatSubnet({ base: whole.base + at, bits })));
    const free = freeSubnet(whole, bits, taken);
    const end = ({ base, bits }: Subnet) => base + 2 ** (32 - bits);
    for (const other of free ? taken : []) assert.ok(end(free!) <= other.base || end(other) <= free!.base);
  }));
});

function sampleNode(
  conditions: [string, string][],
  taints: { key: string; effect: "NoSchedule" | "NoExecute" }[] = [],
): NodeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n", uid: "n", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { taints },
    status: { conditions: conditions.map(([type, status]) => ({ type, status })) },
  };
}

Deno.test("a silent node's conditions become unknown once, and others' taints stay", () => {
  const foreign = { key: "example.com/gpu", effect: "NoSchedule" as const };
  const node = sampleNode([["Ready", "True"], ["MemoryPressure", "False"]], [foreign]);
  const conditions = silentConditions(node, startMs);
  assert.ok(conditions.every(({ status }) => status === "Unknown"));
  const again = silentConditions({ ...node, status: { conditions } }, startMs + 60_000);
  assert.deepEqual(again, conditions);
  const taints = taintsOf(node, conditions, startMs).map(({ key, effect }) => `${key}:${effect}`);
  assert.deepEqual(taints, [
    "example.com/gpu:NoSchedule",
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
});

Deno.test("a node that is well again loses the taints of its silence", () => {
  const taints = [{ key: "node.kubernetes.io/unreachable", effect: "NoExecute" as const }];
  const node = sampleNode([["Ready", "True"]], taints);
  assert.deepEqual(taintsOf(node, node.status!.conditions!, startMs), []);
});

Deno.test("a pod leaves when the shortest of its tolerations runs out, at once without one, never with an endless one", () => {
  const taint = {
    key: "node.kubernetes.io/unreachable",
    effect: "NoExecute" as const,
    timeAdded: new Date(startMs).toISOString(),
  };
  const toleration = { key: taint.key, operator: "Exists" as const, effect: "NoExecute" as const };
  assert.equal(evictionTimeMs([taint], []), 0);
  assert.equal(evictionTimeMs([taint], [toleration]), undefined);
  assert.equal(evictionTimeMs([taint], [{ ...toleration, tolerationSeconds: 300 }]), startMs + 300_000);
  assert.equal(
    evictionTimeMs([taint, { key: "x", effect: "NoSchedule" }], [{ operator: "Exists", tolerationSeconds: 5 }]),
    startMs + 5000,
  );
});

function nodesOf(zone: string, ready: number, silent: number) {
  const one = (status: string) => {
    const node = sampleNode([["Ready", status]]);
    return { ...node, metadata: { ...node.metadata, labels: { "topology.kubernetes.io/zone": zone } } };
  };
  return [...Array.from({ length: ready }, () => one("True")), ...Array.from({ length: silent }, () => one("Unknown"))];
}

Deno.test("a zone is emptied slowly or not at all when most of it fails, and nothing is when nobody answers anywhere", () => {
  const elsewhere = nodesOf("b", 1, 0);
  const pace = (ready: number, silent: number, others = elsewhere) =>
    emptyingPace([...nodesOf("a", ready, silent), ...others])("/a") / 1000;
  assert.equal(pace(9, 1), 10, "a node of many");
  assert.equal(pace(1, 2), 10, "two are never a zone's disruption");
  assert.equal(pace(2, 3), Infinity, "most of a small zone");
  assert.equal(pace(20, 31), 100, "most of a large zone");
  assert.equal(pace(0, 5), 10, "a zone that is gone as a whole, while another answers");
  assert.equal(pace(0, 5, []), Infinity, "nobody answers");
});

Deno.test("nodes of a zone are emptied one after another, zones beside each other", () => {
  const limits = new ZoneLimits();
  assert.deepEqual(["/a", "/a", "/b"].map((zone) => limits.take(zone, 10_000, 0)), [0, 10_000, 0]);
  assert.equal(limits.take("/a", 10_000, 10_000), 0);
  assert.equal(limits.take("/a", Infinity, 90_000), Infinity);
});
