import assert from "node:assert/strict";
import fc from "fast-check";
import { formatSubnet, freeSubnet, parseSubnet, type Subnet } from "../../controllers/node_ipam/plan.ts";
import { type NodeObject, silentConditions, taintsOf } from "../../controllers/node_lifecycle/health_plan.ts";
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
