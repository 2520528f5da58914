import assert from "node:assert/strict";
import fc from "fast-check";
import type { IHorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { deployments, horizontalPodAutoscalers, replicaSets, serviceAccounts } from "../../controllers/mod.ts";
import { decide, type Mark, noMemory } from "../../controllers/horizontal_pod_autoscaler/plan.ts";
import {
  byAverage,
  byUtilization,
  replicasFor,
  type UsageWorld,
} from "../../controllers/horizontal_pod_autoscaler/ratio.ts";
import { Deployment, HorizontalPodAutoscaler, Namespace, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { fastClock } from "./crash/fast_clock.ts";
import { metricsServer } from "./metrics_server.ts";
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

const memory = (mebibytes: number) => ({ resources: { requests: { memory: `${mebibytes}Mi` } } });

/** A Deployment of two pods, and an autoscaler that looks at one metric. */
async function autoscaled({ client }: TestCluster, name: string, metric: object, more: object = {}): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: "a", image: "a", ...memory(50) }, { name: "b", image: "b", ...memory(50) }];
  await client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
  await client.create(HorizontalPodAutoscaler, autoscaler(name, name, metric, more));
}

function autoscaler(name: string, target: string, metric: object, more: object = {}): IHorizontalPodAutoscaler {
  return {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name, namespace: "default" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: target },
      maxReplicas: 9,
      metrics: [metric] as NonNullable<IHorizontalPodAutoscaler["spec"]>["metrics"],
      ...more,
    },
  };
}

const averageMemory = { name: "memory", target: { type: "Utilization", averageUtilization: 50 } };
const selector = {
  matchLabels: { kind: "orders" },
  matchExpressions: [{ key: "zone", operator: "In", values: ["a"] }],
};

/** By the name of the autoscaler: what it looks at, and what its status says then. Each wants three replicas. */
const metrics: Record<string, { metric: object; said: object }> = {
  resource: {
    metric: { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "70Mi" } } },
    said: { resource: { name: "memory", current: { averageValue: "104857600" } } },
  },
  container: {
    metric: {
      type: "ContainerResource",
      containerResource: {
        container: "a",
        ...averageMemory,
        target: {
          type: "Utilization",
          averageUtilization: 100,
        },
      },
    },
    said: {
      containerResource: {
        ...{ name: "memory", container: "a" },
        current: { averageUtilization: 150, averageValue: "78643200" },
      },
    },
  },
  pods: {
    metric: {
      type: "Pods",
      pods: { metric: { name: "packets" }, target: { type: "AverageValue", averageValue: "20" } },
    },
    said: { pods: { metric: { name: "packets" }, current: { averageValue: "30" } } },
  },
  object: {
    metric: {
      type: "Object",
      object: {
        metric: { name: "hits", selector },
        describedObject: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "main" },
        target: { type: "Value", value: "10" },
      },
    },
    said: {
      object: {
        metric: { name: "hits", selector },
        describedObject: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "main" },
        current: { value: "15" },
      },
    },
  },
  external: {
    metric: {
      type: "External",
      external: { metric: { name: "queue", selector }, target: { type: "AverageValue", averageValue: "10" } },
    },
    said: { external: { metric: { name: "queue", selector }, current: { averageValue: "15" } } },
  },
};

Deno.test("each kind of metric comes from its API and brings two pods to three", async () => {
  await using server = await metricsServer();
  const { frontProxyClient: frontProxy, frontProxyCa, ca } = server.pki;
  const aggregation = { frontProxy, frontProxyCa: frontProxyCa.cert, clientCa: ca.cert };
  await using cluster = await testCluster({ aggregation });
  const { until, client } = cluster;
  await server.serve(client);
  cluster.run([serviceAccounts, deployments, replicaSets, podPlayer()]);
  await until(ServiceAccount, { name: "default", namespace: "default" }, (account) => account !== undefined);
  const names = Object.keys(metrics);
  for (const name of names) await autoscaled(cluster, name, metrics[name]!.metric);
  const calm = { behavior: { scaleUp: { tolerance: "0.6" } } };
  await autoscaled(cluster, "calm", metrics.resource!.metric, calm);
  for (const name of [...names, "calm"]) {
    const ready = (one?: { status?: { readyReplicas?: number } }) => one?.status?.readyReplicas === 2;
    await until(Deployment, { name, namespace: "default" }, ready);
  }
  cluster.run([horizontalPodAutoscalers()]);
  for (const name of names) {
    const ref = { name, namespace: "default" };
    const done = await until(HorizontalPodAutoscaler, ref, (one) => one?.status?.conditions !== undefined);
    const { desiredReplicas, currentReplicas, currentMetrics, conditions } = done!.status!;
    assert.deepEqual([currentReplicas, desiredReplicas], [2, 3], `${name}: ${JSON.stringify(conditions)}`);
    const { type: _type, ...said } = currentMetrics![0]!;
    assert.deepEqual(said, metrics[name]!.said);
    assert.deepEqual(conditions!.map(({ reason }) => reason), [
      ...["SucceededRescale", "ValidMetricFound", "DesiredWithinRange"],
    ]);
    await until(Deployment, ref, (one) => one?.status?.readyReplicas === 3);
  }
  const still = { name: "calm", namespace: "default" };
  const looked = await until(HorizontalPodAutoscaler, still, (one) => one?.status?.conditions !== undefined);
  assert.equal(looked?.status?.desiredReplicas, 2, "usage is 1.43 times the target, and 1.6 is tolerated");
  const asked = (...paths: string[]) => assert.deepEqual(paths.filter((path) => !server.asked.includes(path)), []);
  const custom = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/default";
  asked(
    "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods?labelSelector=app=resource",
    `${custom}/pods/*/packets?labelSelector=app=pods`,
    `${custom}/ingresses.networking.k8s.io/main/hits?metricLabelSelector=kind=orders,zone in (a)`,
    "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue?labelSelector=kind=orders,zone in (a)",
  );
});

Deno.test("two autoscalers of the same pods are told so, and scale nothing", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, deployments, replicaSets, podPlayer()]);
  await until(ServiceAccount, { name: "default", namespace: "default" }, (account) => account !== undefined);
  const metric = { type: "Resource", resource: averageMemory };
  await autoscaled(cluster, "one", metric);
  await client.create(HorizontalPodAutoscaler, autoscaler("two", "one", metric));
  await until(Deployment, { name: "one", namespace: "default" }, (one) => one?.status?.readyReplicas === 2);
  cluster.run([horizontalPodAutoscalers()], client, fastClock(50));
  for (const name of ["one", "two"]) {
    const isTold = (one?: { status?: { conditions?: { reason?: string; message?: string }[] } }) =>
      one?.status?.conditions?.some(({ reason, message }) =>
        reason === "AmbiguousSelector" &&
        message === "pods by selector app=one are controlled by multiple HPAs: [{one default} {two default}]"
      ) ?? false;
    await until(HorizontalPodAutoscaler, { name, namespace: "default" }, isTold);
  }
});
