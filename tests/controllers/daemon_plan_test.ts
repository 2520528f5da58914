import assert from "node:assert/strict";
import fc from "fast-check";
import { DaemonBackOff } from "../../controllers/daemonset/back_off.ts";
import { type DaemonWorld, type Placement, placementOn, planDaemons } from "../../controllers/daemonset/plan.ts";
import { isGoing, isReady, type PodObject } from "../../controllers/objects/pod_state.ts";
import { samplePod, startMs } from "./sample.ts";

const names = ["a", "b", "c", "d", "e"];
const isCurrent = ({ metadata }: PodObject) => metadata.labels?.v === "new";

function worldOf(pods: readonly PodObject[], placements: Map<string, Placement>, rollingUpdate: object): DaemonWorld {
  const byNode = Map.groupBy(pods, ({ spec }) => spec!.nodeName!);
  const spec = { selector: {}, template: {}, updateStrategy: { type: "RollingUpdate" as const, rollingUpdate } };
  return { spec, placements, pods: byNode, isCurrent, now: startMs };
}

/** Pods that are made become ready, those that go are gone a step later. Returns nodes without a ready pod, by step. */
function play(start: readonly PodObject[], placements: Map<string, Placement>, rollingUpdate: object) {
  let pods = [...start], made = 0;
  const dark: number[] = [], crowd: number[] = [];
  const wanted = [...placements].filter(([, { run }]) => run).map(([name]) => name);
  for (let step = 0; step < 50; step++) {
    const plan = planDaemons(worldOf(pods, placements, rollingUpdate));
    const removed = new Set([...plan.remove, ...plan.ended.map(([, pod]) => pod)]);
    const gone = new Set(pods.filter(isGoing));
    if (plan.create.length + removed.size + gone.size === 0) break;
    pods = [
      ...pods.filter((pod) => !gone.has(pod) && !removed.has(pod)),
      ...[...removed].map((pod) => samplePod(pod.metadata.name, { going: true, node: pod.spec!.nodeName })),
      ...plan.create.map((node) => samplePod(`made-${made++}`, { node, ready: true, labels: { v: "new" } })),
    ];
    const alive = (node: string) => pods.filter((pod) => pod.spec?.nodeName === node && !isGoing(pod));
    dark.push(wanted.filter((node) => !alive(node).some(isReady)).length);
    crowd.push(wanted.filter((node) => alive(node).length > 1).length);
  }
  return { pods, dark, crowd, wanted };
}

const places = fc.array(
  fc.constantFrom({ run: true, stay: true }, { run: false, stay: true }, { run: false, stay: false }),
  { minLength: names.length, maxLength: names.length },
).map((all) => new Map(all.map((one, index) => [names[index]!, one])));

Deno.test("wherever pods are at first, each fitting node ends with one new pod and no other has one", () => {
  const pods = fc.array(
    fc.record({
      node: fc.constantFrom(...names),
      ready: fc.boolean(),
      going: fc.boolean(),
      phase: fc.constantFrom("Running" as const, "Failed" as const, "Pending" as const),
      v: fc.constantFrom("old", "new"),
    }),
    { maxLength: 9 },
  ).map((all) => all.map(({ v, ...one }, index) => samplePod(`p${index}`, { ...one, labels: { v } })));
  const rolling = fc.constantFrom({}, { maxUnavailable: 2 }, { maxSurge: 1, maxUnavailable: 0 });
  fc.assert(fc.property(pods, places, rolling, (start, placements, rollingUpdate) => {
    const { pods: end, wanted } = play(start, placements, rollingUpdate);
    const stuck = (pod: PodObject) => isCurrent(pod) && !isReady(pod);
    const nodes = end.filter((pod) => !stuck(pod)).map(({ spec }) => spec!.nodeName!);
    for (const node of wanted) {
      if (!end.some((pod) => pod.spec?.nodeName === node && stuck(pod)) && !end.some(stuck)) {
        assert.equal(nodes.filter((one) => one === node).length, 1);
      }
    }
    for (const [node, { stay }] of placements) if (!stay) assert.ok(!end.some(({ spec }) => spec?.nodeName === node));
  }));
});

Deno.test("an update leaves no more nodes without a ready pod than allowed, nor more with two", () => {
  const bounds = fc.constantFrom(
    { maxUnavailable: 1, maxSurge: 0 },
    { maxUnavailable: 3, maxSurge: 0 },
    { maxUnavailable: 0, maxSurge: 2 },
  );
  fc.assert(fc.property(bounds, fc.integer({ min: 1, max: 5 }), (rollingUpdate, nodes) => {
    const placements = new Map(names.slice(0, nodes).map((name) => [name, { run: true, stay: true }]));
    const old = [...placements.keys()].map((node) => samplePod(node, { node, ready: true, labels: { v: "old" } }));
    const { pods, dark, crowd } = play(old, placements, rollingUpdate);
    assert.ok(pods.length === nodes && pods.every(isCurrent));
    assert.ok(Math.max(...dark) <= rollingUpdate.maxUnavailable, `${dark}`);
    assert.ok(Math.max(...crowd) <= rollingUpdate.maxSurge, `${crowd}`);
  }));
});

Deno.test("a cordoned or lost node keeps its daemons, a tainted one only those that tolerate it", () => {
  const node = (taint?: { key: string; effect: "NoSchedule" | "NoExecute" }) => ({
    metadata: { name: "a", uid: "a", resourceVersion: "1", creationTimestamp: "" },
    spec: { taints: taint ? [taint] : [] },
  });
  const on = (taint?: Parameters<typeof node>[0], fits = true) => placementOn(node(taint) as never, {}, fits);
  assert.deepEqual(on(), { run: true, stay: true });
  assert.deepEqual(on(undefined, false), { run: false, stay: false });
  assert.deepEqual(on({ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }), { run: true, stay: true });
  assert.deepEqual(on({ key: "node.kubernetes.io/unreachable", effect: "NoExecute" }), { run: true, stay: true });
  assert.deepEqual(on({ key: "mine", effect: "NoSchedule" }), { run: false, stay: true });
  assert.deepEqual(on({ key: "mine", effect: "NoExecute" }), { run: false, stay: false });
});

Deno.test("a daemon that keeps failing is replaced ever more slowly, fifteen minutes apart at most", () => {
  const backOff = new DaemonBackOff();
  let now = startMs;
  const waits = Array.from({ length: 13 }, () => {
    assert.equal(backOff.take("a", now), 0);
    const wait = backOff.take("a", now);
    now += wait;
    return wait / 1000;
  });
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  assert.equal(backOff.take("b", now), 0);
});
