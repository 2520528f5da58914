import assert from "node:assert/strict";
import fc from "fast-check";
import { serviceAccounts, statefulSets } from "../../controllers/mod.ts";
import { ordinalOf, planStateful } from "../../controllers/statefulset_plan.ts";
import { isGoing } from "../../controllers/pod_state.ts";
import { Namespace, PersistentVolumeClaim, Pod, ServiceAccount, StatefulSet } from "../../runtime/schema/mod.ts";
import { testCluster } from "./cluster.ts";
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
