import assert from "node:assert/strict";
import fc from "fast-check";
import { deployments, horizontalPodAutoscalers, replicaSets, serviceAccounts } from "../../controllers/mod.ts";
import { decide, type Mark, noMemory } from "../../controllers/horizontal_pod_autoscaler/plan.ts";
import {
  byAverage,
  byUtilization,
  replicasFor,
  type UsageWorld,
} from "../../controllers/horizontal_pod_autoscaler/ratio.ts";
import { Deployment, HorizontalPodAutoscaler, Namespace, ServiceAccount } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";
import { podPlayer } from "./pod_player.ts";
import { samplePod, startMs } from "./sample.ts";

const tolerance = { up: 0.1, down: 0.1 };
const policy = fc.record({
  type: fc.constantFrom("Pods", "Percent"),
  value: fc.integer({ min: 1, max: 150 }),
  periodSeconds: fc.integer({ min: 1, max: 60 }),
});
const rules = fc.record({
  selectPolicy: fc.constantFrom("Max", "Min", "Disabled"),
  stabilizationWindowSeconds: fc.integer({ min: 0, max: 60 }),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
});
const marks = fc.array(fc.record({ at: fc.nat(60).map((ago) => startMs - ago * 1000), replicas: fc.nat(20) }), {
  maxLength: 5,
});
type Rules = Exclude<typeof rules extends fc.Arbitrary<infer R> ? R : never, never>;

/** Whether `n` replicas may be reached by a policy, said without a formula for `n`. */
function allows(rule: Rules["policies"][number], start: number, n: number, growing: boolean): boolean {
  const change = growing ? n - start : start - n;
  if (rule.type === "Pods") return change <= rule.value;
  // Both are rounded up: the replica that the share ends in is included.
  return (change - 1) * 100 < start * rule.value;
}

/** Of all numbers the one that is nearest to what is steady and within every bound. */
function naive(
  { scaleUp, scaleDown }: { scaleUp: Rules; scaleDown: Rules },
  { current, wanted, min, max, memory }: {
    current: number;
    wanted: number;
    min: number;
    max: number;
    memory: { wanted: Mark[]; ups: Mark[]; downs: Mark[] };
  },
): number {
  const recent = (list: Mark[], seconds: number) => list.filter(({ at }) => startMs - at < seconds * 1000);
  const sum = (list: Mark[]) => list.reduce((total, { replicas }) => total + replicas, 0);
  const floor = Math.min(wanted, ...recent(memory.wanted, scaleUp.stabilizationWindowSeconds).map((m) => m.replicas));
  const roof = Math.max(wanted, ...recent(memory.wanted, scaleDown.stabilizationWindowSeconds).map((m) => m.replicas));
  const steady = current < floor ? floor : current > roof ? roof : current;
  const growing = steady > current;
  const { selectPolicy, policies } = growing ? scaleUp : scaleDown;
  const may = (n: number) => {
    if (n === current) return true;
    if (n < min || n > max || selectPolicy === "Disabled") return false;
    const each = policies.map((one) => {
      const start = current - sum(recent(memory.ups, one.periodSeconds)) + sum(recent(memory.downs, one.periodSeconds));
      return allows(one, start, n, growing);
    });
    return selectPolicy === "Max" ? each.some(Boolean) : each.every(Boolean);
  };
  let best = current;
  const step = growing ? 1 : -1;
  for (let n = current; growing ? n <= steady : n >= steady; n += step) if (may(n)) best = n;
  return best;
}

Deno.test("an autoscaler goes as near to what is wanted as its bounds, windows and speeds let it, as counted one by one", () => {
  fc.assert(fc.property(
    fc.record({ scaleUp: rules, scaleDown: rules }),
    fc.record({ wanted: marks, ups: marks, downs: marks }),
    fc.integer({ min: 1, max: 20 }),
    fc.nat(30),
    fc.nat(30),
    fc.nat(60),
    (behavior, memory, min, beyond, above, wanted) => {
      const max = min + beyond;
      const current = Math.min(max, min + above);
      const spec = {
        minReplicas: min,
        maxReplicas: max,
        behavior,
        scaleTargetRef: { kind: "Deployment", name: "web" },
      };
      const { replicas, conditions } = decide({ spec, current, wanted, memory, now: startMs });
      assert.equal(replicas, naive(behavior, { current, wanted, min, max, memory }));
      const limited = conditions.find(({ type }) => type === "ScalingLimited");
      if (limited?.status === "False") assert.ok(replicas >= min && replicas <= max);
    },
  ));
});

Deno.test("without a behavior it doubles at most, and shrinks to the most of the last five minutes", () => {
  const spec = { maxReplicas: 100, scaleTargetRef: { kind: "Deployment", name: "web" } };
  const grown = decide({ spec, current: 3, wanted: 50, memory: noMemory, now: startMs });
  assert.equal(grown.replicas, 6);
  assert.deepEqual(grown.conditions.map(({ reason }) => reason), ["ReadyForNewScale", "ScaleUpLimit"]);
  const memory = {
    ...noMemory,
    wanted: [{ at: startMs - 299_000, replicas: 7 }, { at: startMs - 301_000, replicas: 9 }],
  };
  const shrunk = decide({ spec, current: 10, wanted: 2, memory, now: startMs });
  assert.equal(shrunk.replicas, 7);
  assert.deepEqual(shrunk.conditions.map(({ reason }) => reason), ["ScaleDownStabilized", "DesiredWithinRange"]);
});

function usage(amounts: readonly (number | undefined)[], current = amounts.length): UsageWorld {
  const pods = amounts.map((_, index) => samplePod(`p${index}`, { ready: true }));
  const samples = new Map(
    amounts.flatMap((milli, index) => milli === undefined ? [] : [[`p${index}`, { milli, at: startMs, windowMs: 1 }]]),
  );
  return { current, pods, samples: samples as UsageWorld["samples"], cpu: false, tolerance, now: startMs };
}

Deno.test("measured pods ask for the fewest replicas that bring the average to the target, unless it is near", () => {
  fc.assert(fc.property(fc.array(fc.nat(5000), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 2000 }), (
    amounts,
    target,
  ) => {
    const replicas = replicasFor(usage(amounts), byAverage(target));
    const average = Math.floor(amounts.reduce((a, b) => a + b, 0) / amounts.length);
    if (average * 10 >= target * 9 && average * 10 <= target * 11) return assert.equal(replicas, amounts.length);
    let fewest = 0;
    while (fewest * target < average * amounts.length) fewest++;
    assert.equal(replicas, fewest);
  }));
});

Deno.test("pods that say nothing make a change smaller and never turn it", () => {
  const amount = fc.option(fc.nat(3000), { nil: undefined });
  fc.assert(fc.property(fc.array(amount, { minLength: 1, maxLength: 12 }), (amounts) => {
    const known = amounts.filter((one) => one !== undefined);
    fc.pre(known.length > 0);
    const requests = new Map(amounts.map((_, index) => [`p${index}`, 1000]));
    const replicas = replicasFor(usage(amounts), byUtilization(50, requests));
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    if (mean < 450) assert.ok(replicas <= amounts.length);
    if (mean > 551) assert.ok(replicas >= amounts.length);
    assert.ok(replicas <= Math.ceil(mean / 500 * amounts.length) || mean < 450);
  }));
});

Deno.test("a scale out of bounds is brought back at once; a metric that nobody serves is told as upstream tells it", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, deployments, replicaSets, horizontalPodAutoscalers(), podPlayer()]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  const ref = { name: "web", namespace: "shop" };
  await until(ServiceAccount, { name: "default", namespace: "shop" }, (account) => account !== undefined);
  const labels = { app: "web" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }] } };
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: ref,
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  });
  await client.create(HorizontalPodAutoscaler, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: ref,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      minReplicas: 3,
      maxReplicas: 5,
      metrics: [{
        type: "External",
        external: { metric: { name: "queue" }, target: { type: "AverageValue", averageValue: "10" } },
      }],
    },
  });
  await until(Deployment, ref, (deployment) => deployment?.status?.readyReplicas === 3);
  // A new spec is looked at at once.
  await client.patch(HorizontalPodAutoscaler, ref, { type: "merge", body: { spec: { maxReplicas: 6 } } });
  const settled = await until(
    HorizontalPodAutoscaler,
    ref,
    (one) => one?.status?.conditions?.some(({ type }) => type === "ScalingActive") ?? false,
  );
  const [able, active] = settled!.status!.conditions!;
  assert.equal(able!.reason, "SucceededGetScale");
  assert.equal(active!.reason, "FailedGetExternalMetric");
  assert.equal(
    active!.message,
    "the HPA was unable to compute the replica count: unable to get external metric shop/queue/nil: unable to fetch " +
      "metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)",
  );
});
