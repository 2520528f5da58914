import assert from "node:assert/strict";
import fc from "fast-check";
import { deletionOrder, planReplicas } from "../../controllers/replicaset/plan.ts";
import { replicaStatus } from "../../controllers/replicaset/status.ts";
import { isReady, type PodObject, restartCount } from "../../controllers/objects/pod_state.ts";
import { type PodTraits, samplePod, startMs } from "./sample.ts";

const traits: fc.Arbitrary<PodTraits> = fc.record({
  phase: fc.constantFrom("Pending" as const, "Running" as const),
  ready: fc.boolean(),
  node: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
  restarts: fc.nat(5),
  createdMs: fc.integer({ min: startMs - 86_400_000, max: startMs }),
  annotations: fc.option(
    fc.integer({ min: -2, max: 2 }).map((cost) => ({ "controller.kubernetes.io/pod-deletion-cost": String(cost) })),
    { nil: undefined },
  ),
});

const pods = fc.array(traits, { maxLength: 30 }).map((all) => all.map((one, index) => samplePod(`p${index}`, one)));

Deno.test("a replica plan makes or deletes exactly what is missing or too much, never both", () => {
  fc.assert(fc.property(fc.nat(40), pods, (replicas, active) => {
    const plan = planReplicas({ replicas, active, perNode: new Map(), now: startMs });
    assert.equal(active.length + plan.create - plan.remove.length, replicas);
    assert.ok(plan.create === 0 || plan.remove.length === 0);
  }));
});

Deno.test("of two pods the one that serves less is deleted first, whatever the order they are listed in", () => {
  fc.assert(fc.property(pods, fc.nat(30), fc.integer(), (active, keep, seed) => {
    const shuffled = [...active].sort((a, b) => hash(a.metadata.uid, seed) - hash(b.metadata.uid, seed));
    const world = { replicas: Math.min(keep, active.length), perNode: new Map<string, number>(), now: startMs };
    const names = (all: readonly PodObject[]) => all.map(({ metadata }) => metadata.name).sort();
    assert.deepEqual(
      names(planReplicas({ ...world, active }).remove),
      names(planReplicas({ ...world, active: shuffled }).remove),
    );
  }));
});

function hash(text: string, seed: number): number {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0) * seed) % 9973, 7);
}

/** The documented order, rule after rule, with no attempt at being short. */
function naiveBefore(a: PodObject, b: PodObject, perNode: Map<string, number>): boolean | undefined {
  const cost = (pod: PodObject) =>
    Number(pod.metadata.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0);
  const crowd = (pod: PodObject) => perNode.get(pod.spec?.nodeName ?? "") ?? 0;
  if (!a.spec?.nodeName !== !b.spec?.nodeName) return !a.spec?.nodeName;
  if (a.status?.phase !== b.status?.phase) return a.status?.phase === "Pending";
  if (isReady(a) !== isReady(b)) return !isReady(a);
  if (cost(a) !== cost(b)) return cost(a) < cost(b);
  if (crowd(a) !== crowd(b)) return crowd(a) > crowd(b);
  return undefined;
}

Deno.test("the order of deletion is the documented one", () => {
  const perNode = new Map([["a", 3], ["b", 1], ["c", 2]]);
  fc.assert(fc.property(traits, traits, (first, second) => {
    const [a, b] = [samplePod("a", first), samplePod("b", second)];
    const naive = naiveBefore(a, b, perNode);
    if (naive !== undefined) assert.equal(deletionOrder(perNode, startMs)(a, b) < 0, naive);
    else if (restartCount(a) !== restartCount(b) && first.createdMs === second.createdMs) {
      assert.equal(deletionOrder(perNode, startMs)(a, b) < 0, restartCount(a) > restartCount(b));
    }
  }));
});

Deno.test("a set that fails again for the same reason says the same, whatever the name of the pod it tried", () => {
  const failing = (object: Parameters<typeof replicaStatus>[0], pod: string, now: number) =>
    replicaStatus(object, { claimed: [], failure: { reason: "FailedCreate", error: new Error(pod) }, now });
  const first = failing({ metadata: {} }, "web-a", startMs);
  assert.equal(first.conditions?.[0]?.message, "web-a");
  assert.deepEqual(failing({ metadata: {}, status: first }, "web-b", startMs + 60_000), first);
});
