import assert from "node:assert/strict";
import fc from "fast-check";
import type { Cluster } from "../../controllers/scheduler/cluster.ts";
import { defaultProfile } from "../../controllers/scheduler/mod.ts";
import { placePod } from "../../controllers/scheduler/place_pod.ts";
import type { PodFacts } from "../../controllers/scheduler/pod_facts.ts";
import { planPreemption, type Preemption } from "../../controllers/scheduler/preemption.ts";
import type { Budget } from "../../controllers/scheduler/victims.ts";
import { clusterOf, facts, node, outcome, seeded } from "./sample.ts";

interface Some {
  readonly cpu: number;
  readonly priority: number;
  readonly labels?: Record<string, string>;
}

function some(name: string, { cpu, priority, labels }: Some): PodFacts {
  return facts(name, { requests: { cpu }, spec: { priority }, labels });
}

function preemption(pod: PodFacts, cluster: Cluster, budgets: readonly Budget[] = []): Preemption {
  const refused = placePod(pod, cluster, defaultProfile, { random: seeded(1) });
  assert.equal(refused.type, "refused");
  return planPreemption({ pod, cluster, profile: defaultProfile, budgets }, refused as never, { from: 0 });
}

function victims(plan: Preemption): string[] {
  assert.equal(plan.type, "victims");
  return plan.type === "victims" ? plan.victims.map(({ key }) => key.replace("default/", "")) : [];
}

function budget(labels: Record<string, string>, disruptionsAllowed: number): Budget {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: "b",
      namespace: "default",
      uid: "b",
      resourceVersion: "1",
      creationTimestamp: "2030-01-01T00:00:00Z",
    },
    spec: { selector: { matchLabels: labels } },
    status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
  };
}

const someone = fc.record({ cpu: fc.integer({ min: 1, max: 3 }), priority: fc.integer({ min: 0, max: 5 }) });

Deno.test("victims are less important, enough, and none too many; the cluster is the same afterwards", () => {
  fc.assert(
    fc.property(fc.array(someone, { maxLength: 8 }), someone, (there, asked) => {
      const total = there.reduce((sum, { cpu }) => sum + cpu, 0);
      const cluster = clusterOf(node("n1", { allocatable: { cpu: String(total) } }));
      there.forEach((pod, at) => cluster.place(some(`p${at}`, pod), "n1"));
      const plan = preemption(some("p", asked), cluster);
      assert.equal(cluster.node("n1")!.used.cpu ?? 0, total * 1000);
      const lower = there.filter(({ priority }) => priority < asked.priority).reduce((sum, { cpu }) => sum + cpu, 0);
      if (plan.type !== "victims") return assert.ok(lower < asked.cpu);
      const amounts = plan.victims.map(({ requests }) => requests.cpu! / 1000);
      const freed = amounts.reduce((sum, cpu) => sum + cpu, 0);
      assert.ok(plan.victims.every(({ priority }) => priority < asked.priority));
      assert.ok(freed >= asked.cpu);
      for (const cpu of amounts) assert.ok(freed - cpu < asked.cpu, "this one could have stayed");
    }),
    { seed: 7, numRuns: 300 },
  );
});

Deno.test("the least important goes first, whatever the order in which they came", () => {
  const cluster = clusterOf(node("n1", { allocatable: { cpu: "3" } }));
  cluster.place(some("low", { cpu: 1, priority: 1 }), "n1");
  cluster.place(some("lowest", { cpu: 1, priority: 0 }), "n1");
  cluster.place(some("high", { cpu: 1, priority: 9 }), "n1");
  assert.deepEqual(victims(preemption(some("p", { cpu: 1, priority: 5 }), cluster)), ["lowest"]);
  assert.deepEqual(victims(preemption(some("p", { cpu: 2, priority: 5 }), cluster)), ["low", "lowest"]);
});

Deno.test("what a budget protects goes only where nobody else will do", () => {
  const cluster = clusterOf(node("n1", { allocatable: { cpu: "2" } }));
  const kept = { app: "kept" };
  cluster.place(some("kept", { cpu: 1, priority: 0, labels: kept }), "n1");
  cluster.place(some("free", { cpu: 1, priority: 3 }), "n1");
  const asked = (cpu: number) => some("p", { cpu, priority: 5 });
  assert.deepEqual(victims(preemption(asked(1), cluster)), ["kept"]);
  assert.deepEqual(victims(preemption(asked(1), cluster, [budget(kept, 1)])), ["kept"]);
  assert.deepEqual(victims(preemption(asked(1), cluster, [budget(kept, 0)])), ["free"]);
  assert.deepEqual(victims(preemption(asked(2), cluster, [budget(kept, 0)])), ["free", "kept"]);
});

Deno.test("of several nodes the one is chosen where the least harm is done", () => {
  const world = (...nodes: Some[][]) => {
    const cluster = clusterOf(...nodes.map((_pods, at) => node(`n${at}`, { allocatable: { cpu: "4" } })));
    nodes.forEach((pods, at) => pods.forEach((pod, i) => cluster.place(some(`p${at}-${i}`, pod), `n${at}`)));
    return cluster;
  };
  const chosen = (cluster: Cluster, budgets?: Budget[]) => {
    const plan = preemption(some("p", { cpu: 4, priority: 9 }), cluster, budgets);
    return plan.type === "victims" ? plan.node : plan.words;
  };
  const a = { app: "a" };
  assert.equal(chosen(world([{ cpu: 4, priority: 1, labels: a }], [{ cpu: 4, priority: 8 }]), [budget(a, 0)]), "n1");
  assert.equal(chosen(world([{ cpu: 4, priority: 5 }], [{ cpu: 2, priority: 4 }, { cpu: 2, priority: 4 }])), "n1");
  assert.equal(chosen(world([{ cpu: 2, priority: 4 }, { cpu: 2, priority: 4 }], [{ cpu: 4, priority: 4 }])), "n1");
  assert.equal(
    chosen(world([{ cpu: 4, priority: 9 }], [{ cpu: 4, priority: 10 }])),
    "0/2 nodes are available: 2 No preemption victims found for incoming pod.",
  );
});

Deno.test("who may not preempt does not, and nobody goes where that would not help", () => {
  const cluster = clusterOf(node("n1", { allocatable: { cpu: "1" } }));
  cluster.place(some("there", { cpu: 1, priority: 0 }), "n1");
  const never = facts("p", { requests: { cpu: 1 }, spec: { priority: 5, preemptionPolicy: "Never" } });
  assert.match(JSON.stringify(preemption(never, cluster)), /not eligible due to preemptionPolicy=Never\./);
  const elsewhere = facts("p", { requests: { cpu: 1 }, spec: { priority: 5, nodeSelector: { disk: "ssd" } } });
  assert.match(JSON.stringify(preemption(elsewhere, cluster)), /1 Preemption is not helpful for scheduling/);
});

Deno.test("promised room is left to whom it is promised by all who are not more important", () => {
  const cluster = clusterOf(node("n1", { allocatable: { cpu: "1" } }));
  const promised = some("promised", { cpu: 1, priority: 5 });
  cluster.nominations.set(promised, "n1");
  assert.match(outcome(some("p", { cpu: 1, priority: 5 }), cluster), /Insufficient cpu/);
  assert.equal(outcome(some("p", { cpu: 1, priority: 6 }), cluster), "n1");
  assert.equal(outcome(promised, cluster), "n1");
  cluster.assume(promised, "n1");
  assert.match(outcome(some("p", { cpu: 1, priority: 0 }), cluster), /Insufficient cpu/);
  assert.equal(cluster.node("n1")!.used.cpu, 1000);
  cluster.remove(promised.uid);
  assert.equal(outcome(some("p", { cpu: 1, priority: 0 }), cluster), "n1");
});
