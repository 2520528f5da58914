/** When the node takes something back, and from whom. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { kubeletConfiguration } from "../../controllers/kubelet/configuration/configuration.ts";
import { thresholdsOf } from "../../controllers/kubelet/configuration/thresholds.ts";
import { planImages } from "../../controllers/kubelet/images/image_gc.ts";
import { type Candidate, planEviction } from "../../controllers/kubelet/node/eviction_plan.ts";
import { EvictionWatch } from "../../controllers/kubelet/node/eviction_watch.ts";
import { overfull } from "../../controllers/kubelet/node/local_storage.ts";
import type { Observation } from "../../controllers/kubelet/node/signals.ts";
import { podOf } from "./pods.ts";

const mebi = 2 ** 20;

function watchOf(fields: object): EvictionWatch {
  const head = { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" };
  return new EvictionWatch(thresholdsOf(kubeletConfiguration({ ...head, ...fields }).configuration), 60_000);
}

const memory = (mebibytes: number): Observation => ({
  signal: "memory.available",
  available: mebibytes * mebi,
  capacity: 1000 * mebi,
});

Deno.test("a soft threshold is due after its grace, anew after each recovery; the condition outlives it", () => {
  const watch = watchOf({
    evictionHard: {},
    evictionSoft: { "memory.available": "30%" },
    evictionSoftGracePeriod: { "memory.available": "90s" },
  });
  const due = (mebibytes: number, second: number) => watch.look([memory(mebibytes)], second * 1000).length > 0;
  assert.deepEqual([due(200, 0), due(200, 89), due(200, 90)], [false, false, true]);
  assert.equal(due(400, 100), false);
  assert.equal(watch.pressure(149_999).MemoryPressure, true);
  assert.equal(watch.pressure(150_000).MemoryPressure, false);
  assert.deepEqual([due(200, 160), due(200, 249), due(200, 250)], [false, false, true]);
});

Deno.test("a threshold that was crossed is over when the minimum reclaim is there on top of it", () => {
  const evictionHard = { "memory.available": "100Mi" };
  const watch = watchOf({ evictionHard, evictionMinimumReclaim: { "memory.available": "50Mi" } });
  const due = (mebibytes: number) => watch.look([memory(mebibytes)], 0).length > 0;
  assert.deepEqual([due(120), due(99), due(149), due(150), due(120)], [false, true, true, false, false]);
});

function candidate(name: string, more: { use: number; request?: string; priority?: number; isStatic?: boolean }) {
  const requests: Record<string, string> = more.request ? { memory: more.request } : {};
  const containers = [{ name: "c", image: "i", resources: { requests } }];
  const pod = podOf({ containers, priority: more.priority });
  pod.metadata.name = name;
  const use = [{ name: "c", memoryBytes: more.use * mebi, processes: 1, diskBytes: 0 }];
  return { pod, isStatic: more.isStatic ?? false, containers: use, volumeBytes: 0 };
}

const crossing = watchOf({}).look([memory(50)], 0)[0]!;

Deno.test("who is above his request goes first, then the less important, then who is furthest above", () => {
  const ordered = [
    candidate("low", { use: 10, priority: 1 }),
    candidate("far", { use: 300, request: "100Mi", priority: 5 }),
    candidate("near", { use: 150, request: "100Mi", priority: 5 }),
    candidate("within", { use: 400, request: "500Mi", priority: 0 }),
  ];
  const names = ordered.map(({ pod }) => pod.metadata.name);
  fc.assert(fc.property(fc.shuffledSubarray(ordered, { minLength: 1 }), (some) => {
    const first = names.find((name) => some.some(({ pod }) => pod.metadata.name === name));
    assert.equal(planEviction(crossing, some)?.pod.metadata.name, first);
  }));
});

Deno.test("the message says what ran short and who used how much, as upstream's", () => {
  assert.equal(
    planEviction(crossing, [candidate("web", { use: 300, request: "100Mi" })])?.message,
    "The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. " +
      "Container c was using 307200Ki, request is 100Mi, has larger consumption of memory. ",
  );
});

Deno.test("static and critical pods are spared; an annotation spares nobody", () => {
  const pretender: Candidate = candidate("pretender", { use: 1 });
  pretender.pod.metadata.annotations = { "kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": "1" };
  const spared = [
    candidate("static", { use: 900, isStatic: true }),
    candidate("critical", { use: 900, priority: 2_000_000_000 }),
  ];
  assert.equal(planEviction(crossing, [...spared, pretender])?.pod.metadata.name, "pretender");
  assert.equal(planEviction(crossing, spared), undefined);
});

Deno.test("a pod that has more of the disk than it may is told which limit it broke", () => {
  const limited = (limit?: string) => ({ resources: limit ? { limits: { "ephemeral-storage": limit } } : {} });
  const pod = podOf({
    containers: [{ name: "a", image: "i", ...limited("10Mi") }, { name: "b", image: "i", ...limited("20Mi") }],
    volumes: [{ name: "v", emptyDir: { sizeLimit: "5Mi" } }, { name: "m", emptyDir: { medium: "Memory" } }],
  });
  const use = (a: number, b: number, v: number) => ({
    containers: new Map([["a", a * mebi], ["b", b * mebi]]),
    volumes: new Map([["v", v * mebi]]),
  });
  assert.equal(overfull(pod, use(10, 15, 5)), undefined);
  assert.equal(overfull(pod, use(1, 1, 6)), 'Usage of EmptyDir volume "v" exceeds the limit "5Mi". ');
  const total = "Pod ephemeral local storage usage exceeds the total limit of containers 30Mi. ";
  assert.equal(overfull(pod, use(10, 17, 4)), total);
  assert.equal(overfull(pod, use(11, 1, 0)), 'Container a exceeded its local ephemeral storage limit "10Mi". ');
});

Deno.test("images go when room is wanted, the longest unused first, or when they are too old, never the young", () => {
  const unused = [5, 90, 30].map((minutes) => ({
    image: { id: `${minutes}m`, tags: [], digests: [], sizeBytes: 100, labels: {}, user: "" },
    firstSeen: -minutes * 60_000,
    since: -minutes * 60_000,
  }));
  const chosen = (bytes: number, maxAgeMs = 0) =>
    planImages(unused, { bytes, now: 0, limits: { minAgeMs: 10 * 60_000, maxAgeMs } }).map(({ id }) => id);
  assert.deepEqual(chosen(0), []);
  assert.deepEqual(chosen(50), ["90m"]);
  assert.deepEqual(chosen(Infinity), ["90m", "30m"]);
  assert.deepEqual(chosen(0, 60 * 60_000), ["90m"]);
  const limits = { minAgeMs: 10 * 60_000, maxAgeMs: 0 };
  const justUnused = unused.map((one) => ({ ...one, since: 0 }));
  assert.deepEqual(planImages(justUnused, { bytes: Infinity, now: 0, limits }).map(({ id }) => id), ["90m", "30m"]);
});
