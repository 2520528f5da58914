import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigMap, type Kind, type KubeObject } from "../../runtime/schema/mod.ts";
import { type OwnerState, planItem } from "../../controllers/garbage_collector/plan.ts";
import { type GraphNode, OwnerGraph } from "../../controllers/garbage_collector/owner_graph.ts";

const kind = ConfigMap as Kind<KubeObject>;

function node(uid: string, owners: readonly string[], more: Partial<GraphNode> = {}): GraphNode {
  const references = owners.map((owner) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    name: owner,
    uid: owner,
    blockOwnerDeletion: true,
  }));
  return {
    uid,
    kind,
    ref: { namespace: "default", name: uid },
    owners: references,
    deleting: false,
    finalizers: [],
    ...more,
  };
}

Deno.test("an object with a living owner is never deleted, and one whose owners are all absent is", () => {
  const states = fc.array(fc.constantFrom<OwnerState>("solid", "absent", "waiting", "unknown"), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(fc.property(states, fc.boolean(), (owners, hasDependents) => {
    const item = node("item", owners.map((_state, index) => `o${index}`));
    const dependents = hasDependents ? [node("child", ["item"])] : [];
    const step = planItem({ item, dependents, owners });
    if (owners.includes("solid") || owners.includes("unknown")) assert.notEqual(step.do, "delete");
    else assert.equal(step.do, "delete");
    if (owners.every((state) => state === "solid")) assert.equal(step.do, "nothing");
  }));
});

Deno.test("foreground deletion waits for the dependents that block, and for no others", () => {
  const owner = node("owner", [], { deleting: true, finalizers: ["foregroundDeletion"] });
  const blocking = node("child", ["owner"]);
  const loose = {
    ...blocking,
    owners: blocking.owners.map((reference) => ({ ...reference, blockOwnerDeletion: false })),
  };
  assert.deepEqual(planItem({ item: owner, dependents: [blocking], owners: [] }), { do: "nothing" });
  const step = planItem({ item: owner, dependents: [loose], owners: [] });
  assert.deepEqual(step, { do: "dropFinalizer", finalizer: "foregroundDeletion" });
});

Deno.test("orphaning lets every dependent go before the owner goes", () => {
  const owner = node("owner", [], { deleting: true, finalizers: ["orphan"] });
  const child = node("child", ["owner"]);
  assert.equal(planItem({ item: owner, dependents: [child], owners: [] }).do, "orphan");
  assert.deepEqual(planItem({ item: owner, dependents: [], owners: [] }), { do: "dropFinalizer", finalizer: "orphan" });
});

Deno.test("the owner graph answers as a scan of all objects would", () => {
  const names = fc.constantFrom("a", "b", "c", "d", "e");
  const change = fc.record({ uid: names, owners: fc.uniqueArray(names, { maxLength: 3 }), gone: fc.boolean() });
  fc.assert(fc.property(fc.array(change, { maxLength: 40 }), names, (changes, asked) => {
    const graph = new OwnerGraph();
    const naive = new Map<string, readonly string[]>();
    for (const { uid, owners, gone } of changes) {
      if (gone) {
        graph.remove(uid);
        naive.delete(uid);
      } else {
        graph.set(node(uid, owners));
        naive.set(uid, owners);
      }
    }
    const expected = [...naive].filter(([, owners]) => owners.includes(asked)).map(([uid]) => uid);
    assert.deepEqual(graph.dependentsOf(asked).map(({ uid }) => uid).sort(), expected.sort());
  }));
});
