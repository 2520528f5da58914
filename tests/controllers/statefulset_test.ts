import assert from "node:assert/strict";
import fc from "fast-check";
import type { IStatefulSetSpec } from "kubernetes-models/apps/v1/StatefulSetSpec";
import { garbageCollector, serviceAccounts, statefulSets } from "../../controllers/mod.ts";
import { ordinalOf, planStateful } from "../../controllers/statefulset/plan.ts";
import { isGoing, type PodObject } from "../../controllers/objects/pod_state.ts";
import { Namespace, PersistentVolumeClaim, Pod, ServiceAccount, StatefulSet } from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { podPlayer } from "./pod_player.ts";
import { samplePod, startMs } from "./sample.ts";

const world = fc.record({
  replicas: fc.nat(6),
  pods: fc.array(fc.record({ ready: fc.boolean(), going: fc.boolean(), current: fc.boolean() }), { maxLength: 8 }),
  missing: fc.uniqueArray(fc.nat(7), { maxLength: 3 }),
});

Deno.test("in order, a StatefulSet makes or takes one pod at a time, and only where its neighbours allow it", () => {
  fc.assert(fc.property(world, ({ replicas, pods: traits, missing }) => {
    const pods = traits.map((one, index) =>
      samplePod(`db-${index}`, { ...one, labels: { v: one.current ? "new" : "old" } })
    )
      .filter((_pod, index) => !missing.includes(index));
    const spec = { replicas, serviceName: "db", selector: {}, template: {} };
    const plan = planStateful({
      name: "db",
      spec,
      pods,
      isCurrent: ({ metadata }) => metadata.labels?.v === "new",
      now: startMs,
    });
    assert.ok(plan.create.length + plan.remove.length <= 1);
    const [made] = plan.create;
    const lower = pods.filter((pod) => ordinalOf("db", pod) < (made ?? 0));
    if (made !== undefined) {
      assert.equal(lower.length, made, "a predecessor is missing");
      assert.ok(!pods.some((pod) => ordinalOf("db", pod) === made), "two of one ordinal");
    }
    const [gone] = plan.remove;
    if (!gone) return;
    assert.ok(!isGoing(gone));
    const above = pods.filter((pod) => ordinalOf("db", pod) > ordinalOf("db", gone));
    if (ordinalOf("db", gone) >= replicas) assert.deepEqual(above, [], "a successor is still there");
    else {assert.ok(
        above.filter((pod) => ordinalOf("db", pod) < replicas).every((pod) =>
          !isGoing(pod) && pod.metadata.labels?.v === "new"
        ),
        "the update skipped one",
      );}
  }));
});

Deno.test("a StatefulSet's pods keep their names, revisions and claims through scaling and updates", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([serviceAccounts, statefulSets, podPlayer()]);
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  await until(ServiceAccount, { namespace: "data", name: "default" }, (account) => account !== undefined);
  const db = { namespace: "data", name: "db" };
  await client.create(StatefulSet, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: db,
    spec: {
      serviceName: "db",
      replicas: 3,
      selector: { matchLabels: { app: "db" } },
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "main", image: "one" }] } },
      volumeClaimTemplates: [{
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "disk" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }],
    },
  });
  const settled = (replicas: number) =>
    until(
      StatefulSet,
      db,
      ({ status, metadata } = {} as never) =>
        status?.replicas === replicas && status.availableReplicas === replicas && status.updatedReplicas === replicas &&
        status.currentRevision === status.updateRevision && status.observedGeneration === metadata.generation,
    );
  const before = await settled(3);
  const claims = (await client.list(PersistentVolumeClaim, { namespace: "data" })).items.map(({ metadata }) =>
    metadata.name
  );
  assert.deepEqual(claims.sort(), ["disk-db-0", "disk-db-1", "disk-db-2"]);
  const body = { spec: { template: { spec: { containers: [{ name: "main", image: "two" }] } } } };
  await client.patch(StatefulSet, db, { type: "strategic", body });
  const after = await settled(3);
  assert.notEqual(after?.status?.currentRevision, before?.status?.currentRevision);
  await client.patch(StatefulSet, db, { type: "merge", body: { spec: { replicas: 1 } } });
  await settled(1);
  const pods = (await client.list(Pod, { namespace: "data" })).items;
  assert.deepEqual(pods.map(({ metadata, spec }) => [metadata.name, spec?.containers[0]?.image, spec?.hostname]), [[
    "db-0",
    "two",
    "db-0",
  ]]);
  assert.equal((await client.list(PersistentVolumeClaim, { namespace: "data" })).items.length, 3);
});

/** Plays a StatefulSet on its plan alone: pods that are made get well, those that go are gone a step later. */
function play(spec: IStatefulSetSpec, start: readonly PodObject[]) {
  const isCurrent = ({ metadata }: PodObject) => metadata.labels?.v === "new";
  let pods = [...start];
  const away: number[] = [];
  for (let step = 0; step < 60; step++) {
    const plan = planStateful({ name: "db", spec, pods, isCurrent, now: startMs });
    if (plan.create.length + plan.remove.length === 0 && !pods.some(isGoing)) break;
    const gone = new Set(pods.filter(isGoing));
    const removed = new Set(plan.remove);
    const labels = { v: "new" };
    pods = [
      ...pods.filter((pod) => !gone.has(pod) && !removed.has(pod)),
      ...[...removed].map((pod) => samplePod(pod.metadata.name, { going: true, labels: pod.metadata.labels })),
      ...plan.create.map((ordinal) => samplePod(`db-${ordinal}`, { ready: true, labels })),
    ];
    away.push((spec.replicas ?? 1) - pods.filter((pod) => !isGoing(pod)).length);
  }
  return { pods, away, isCurrent };
}

Deno.test("however it is managed, an update reaches all pods above the partition and never takes too many away", () => {
  const settings = fc.record({
    replicas: fc.nat(6),
    start: fc.nat(3),
    partition: fc.nat(7),
    maxUnavailable: fc.integer({ min: 1, max: 4 }),
    podManagementPolicy: fc.constantFrom("OrderedReady" as const, "Parallel" as const),
  });
  fc.assert(fc.property(settings, ({ replicas, start, partition, maxUnavailable, podManagementPolicy }) => {
    const rollingUpdate = { partition, maxUnavailable };
    const updateStrategy = { type: "RollingUpdate" as const, rollingUpdate };
    const shape = { replicas, ordinals: { start }, podManagementPolicy, updateStrategy };
    const spec = { serviceName: "db", selector: {}, template: {}, ...shape };
    const names = Array.from({ length: replicas }, (_, index) => `db-${start + index}`);
    const old = names.map((name) => samplePod(name, { ready: true, labels: { v: "old" } }));
    const { pods, away, isCurrent } = play(spec, old);
    assert.deepEqual(pods.map(({ metadata }) => metadata.name).sort(), names.sort());
    for (const pod of pods) assert.equal(isCurrent(pod), ordinalOf("db", pod) >= start + partition);
    assert.ok(Math.max(0, ...away) <= maxUnavailable);
  }));
});

Deno.test("an ill pod halts scaling down, unless it is the lowest that is ill", () => {
  const spec = { replicas: 0, serviceName: "db", selector: {}, template: {} };
  const plan = (...ready: boolean[]) => {
    const pods = ready.map((one, index) => samplePod(`db-${index}`, { ready: one }));
    return planStateful({ name: "db", spec, pods, isCurrent: () => true, now: startMs }).remove
      .map(({ metadata }) => metadata.name);
  };
  assert.deepEqual(plan(true, true, true), ["db-2"]);
  assert.deepEqual(plan(true, true, false), ["db-2"]);
  assert.deepEqual(plan(true, false, true), ["db-2"]);
  assert.deepEqual(plan(true, false, false), []);
});

async function createSet({ client }: TestCluster, name: string, whenScaled: "Retain" | "Delete"): Promise<void> {
  await client.create(StatefulSet, {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { namespace: "data", name },
    spec: {
      serviceName: name,
      replicas: 2,
      persistentVolumeClaimRetentionPolicy: { whenScaled, whenDeleted: "Retain" },
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "main", image: "one" }] } },
      volumeClaimTemplates: [{
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "disk" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }],
    },
  });
}

function standing({ until }: TestCluster, name: string, replicas: number) {
  return until(
    StatefulSet,
    { namespace: "data", name },
    ({ status, metadata } = {} as never) =>
      status?.availableReplicas === replicas && status.replicas === replicas &&
      status.observedGeneration === metadata.generation,
  );
}

Deno.test("a claim that goes with its pod is owned by it before the pod is deleted", async () => {
  await using cluster = await testCluster();
  cluster.run([serviceAccounts, podPlayer(), statefulSets, garbageCollector()]);
  const { client, until } = cluster;
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "data" } });
  await createSet(cluster, "small", "Delete");
  await standing(cluster, "small", 2);
  await client.patch(StatefulSet, { namespace: "data", name: "small" }, {
    type: "merge",
    body: { spec: { replicas: 1 } },
  });
  await until(
    PersistentVolumeClaim,
    { namespace: "data", name: "disk-small-1" },
    (claim) => claim === undefined || claim.metadata.deletionTimestamp !== undefined,
  );
  const kept = await client.get(PersistentVolumeClaim, { namespace: "data", name: "disk-small-0" });
  assert.equal(kept?.metadata.deletionTimestamp, undefined);
  assert.equal(kept?.metadata.ownerReferences, undefined);
});
