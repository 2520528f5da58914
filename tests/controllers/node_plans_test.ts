import assert from "node:assert/strict";
import fc from "fast-check";
import { freeSubnet } from "../../controllers/node_ipam/plan.ts";
import { type NodeObject, silentConditions, taintsOf } from "../../controllers/node_lifecycle/health_plan.ts";
import { emptyingPace, ZoneLimits } from "../../controllers/node_lifecycle/zones.ts";
import { evictionTimeMs } from "../../controllers/taint_eviction/plan.ts";
import { type IpRange, readIpRange } from "../../runtime/schema/mod.ts";
import { startMs } from "./sample.ts";

const range = (cidr: string) => readIpRange(cidr)!;

Deno.test("subnets that are given out never overlap, and none is left unused", () => {
  const given = (cidr: string, bits: number) => {
    const taken: IpRange[] = [];
    for (let one = freeSubnet(range(cidr), bits, taken); one; one = freeSubnet(range(cidr), bits, taken)) {
      taken.push(one);
    }
    return taken.map(({ cidr }) => cidr);
  };
  assert.deepEqual(given("10.244.0.0/22", 24), ["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"]);
  assert.deepEqual(given("fd00:10:244::/63", 64), ["fd00:10:244::/64", "fd00:10:244:1::/64"]);
});

Deno.test("a free subnet is the lowest that overlaps nothing that is taken, whatever the sizes, as tried one by one", () => {
  const whole = range("10.0.0.0/20");
  const some = fc.array(fc.record({ at: fc.nat(8191), bits: fc.integer({ min: 19, max: 32 }) }), { maxLength: 12 });
  const end = ({ first, size }: IpRange) => first + size;
  const apart = (a: IpRange, b: IpRange) => end(a) <= b.first || end(b) <= a.first;
  fc.assert(fc.property(some, fc.integer({ min: 21, max: 28 }), (all, bits) => {
    const taken = all.map(({ at, bits }) => range(`10.0.${at >> 8}.${at & 255}/${bits}`));
    const size = 1n << BigInt(32 - bits);
    let lowest: IpRange | undefined;
    for (let first = whole.first; first < end(whole) && !lowest; first += size) {
      const one = { cidr: "", family: "IPv4" as const, first, size };
      if (taken.every((other) => apart(one, other))) lowest = one;
    }
    assert.equal(freeSubnet(whole, bits, [...taken, range("fd00::/64")])?.first, lowest?.first);
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
