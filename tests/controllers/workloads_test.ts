import assert from "node:assert/strict";
import fc from "fast-check";
import { daemonSets, jobs, serviceAccounts } from "../../controllers/mod.ts";
import { formatIndexes, parseIndexes } from "../../controllers/job/indexes.ts";
import { DaemonSet, Job, Namespace, Node, Pod, ServiceAccount } from "../../runtime/schema/mod.ts";
import { type Controller, controller, done } from "../../runtime/loop/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { podPlayer } from "./pod_player.ts";

async function cluster(loops: readonly Controller[]): Promise<TestCluster> {
  const made = await testCluster();
  made.run([serviceAccounts, ...loops]);
  await made.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "work" } });
  await made.until(ServiceAccount, { namespace: "work", name: "default" }, (account) => account !== undefined);
  return made;
}

/** Pods end at once: those of image `fails` badly, all others well. */
const podEnder: Controller = controller(Pod, {
  name: "pod-ender",
  async reconcile(key, { read, client }) {
    const pod = read(key);
    if (!pod || pod.metadata.deletionTimestamp || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") {
      return done;
    }
    const phase = pod.spec?.containers[0]?.image === "fails" ? "Failed" as const : "Succeeded" as const;
    await client.update(Pod, { ...pod, status: { ...pod.status, phase } }, { subresource: "status" });
    return done;
  },
});

async function createJob(
  { client }: TestCluster,
  name: string,
  spec: Record<string, unknown>,
  image = "works",
): Promise<void> {
  const template = { spec: { restartPolicy: "Never" as const, containers: [{ name: "main", image }] } };
  await client.create(Job, {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: "work" },
    spec: { template, ...spec },
  });
}

function ending(made: TestCluster, name: string, type: string) {
  return made.until(
    Job,
    { namespace: "work", name },
    (job) => job?.status?.conditions?.some((one) => one.type === type && one.status === "True") ?? false,
  );
}

Deno.test("a Job counts every success once and ends when there are enough", async () => {
  await using made = await cluster([jobs, podEnder]);
  await createJob(made, "count", { completions: 7, parallelism: 3 });
  const job = await ending(made, "count", "Complete");
  assert.equal(job?.status?.succeeded, 7);
  assert.equal(job?.status?.failed, undefined);
  const pods = (await made.client.list(Pod, { namespace: "work" })).items;
  assert.equal(pods.length, 7);
  assert.ok(pods.every(({ metadata }) => (metadata.finalizers ?? []).length === 0));
});

Deno.test("an indexed Job runs every index once", async () => {
  await using made = await cluster([jobs, podEnder]);
  await createJob(made, "index", { completions: 5, parallelism: 2, completionMode: "Indexed" });
  const job = await ending(made, "index", "Complete");
  assert.equal(job?.status?.completedIndexes, "0-4");
  const pods = (await made.client.list(Pod, { namespace: "work" })).items;
  const indexes = pods.map(({ metadata }) => metadata.annotations?.["batch.kubernetes.io/job-completion-index"]);
  assert.deepEqual(indexes.sort(), ["0", "1", "2", "3", "4"]);
});

Deno.test("a Job whose pods fail gives up at its limit; a suspended one has no pods", async () => {
  await using made = await cluster([jobs, podEnder]);
  await createJob(made, "fails", { backoffLimit: 0 }, "fails");
  const job = await ending(made, "fails", "Failed");
  assert.equal(job?.status?.failed, 1);
  assert.equal(job?.status?.conditions?.find(({ type }) => type === "Failed")?.reason, "BackoffLimitExceeded");
  await createJob(made, "later", { suspend: true });
  await ending(made, "later", "Suspended");
  await made.client.patch(Job, { namespace: "work", name: "later" }, {
    type: "merge",
    body: { spec: { suspend: false } },
  });
  await ending(made, "later", "Complete");
});

Deno.test("a Job that another controller manages is left alone", async () => {
  await using made = await cluster([jobs, podEnder]);
  await createJob(made, "theirs", { managedBy: "example.com/queue" });
  await createJob(made, "ours", { managedBy: "kubernetes.io/job-controller" });
  await ending(made, "ours", "Complete");
  const { items } = await made.client.list(Pod, { namespace: "work", labelSelector: "job-name=theirs" });
  assert.deepEqual(items, []);
  const theirs = await made.client.get(Job, { namespace: "work", name: "theirs" });
  assert.deepEqual(theirs?.status, {});
});

Deno.test("lists of indexes are written and read as ranges", () => {
  assert.equal(formatIndexes([0, 2, 3, 4, 7, 8]), "0,2-4,7,8");
  fc.assert(fc.property(fc.uniqueArray(fc.nat(60)), (indexes) => {
    assert.deepEqual([...parseIndexes(formatIndexes(indexes))], indexes.sort((a, b) => a - b));
  }));
});

Deno.test("a DaemonSet has one pod on each node that fits, follows nodes and taints, and rolls node by node", async () => {
  await using made = await cluster([daemonSets, podPlayer()]);
  const { client, until } = made;
  // Admission taints a new node; here nobody else says that it is ready.
  const node = async (name: string, labels = {}) => {
    await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    await client.patch(Node, { name }, { type: "merge", body: { spec: { taints: null } } });
  };
  for (const name of ["a", "b", "c"]) await node(name, { disk: "fast" });
  await node("slow");
  await client.create(DaemonSet, {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "agent", namespace: "work" },
    spec: {
      selector: { matchLabels: { app: "agent" } },
      template: {
        metadata: { labels: { app: "agent" } },
        spec: { nodeSelector: { disk: "fast" }, containers: [{ name: "main", image: "one" }] },
      },
    },
  });
  const agent = { namespace: "work", name: "agent" };
  const available = (count: number) =>
    until(
      DaemonSet,
      agent,
      ({ status, metadata } = {} as never) =>
        status?.numberAvailable === count && status.desiredNumberScheduled === count &&
        status.updatedNumberScheduled === count && status.observedGeneration === metadata.generation,
    );
  await available(3);
  await client.patch(Node, { name: "slow" }, { type: "merge", body: { metadata: { labels: { disk: "fast" } } } });
  await available(4);
  await client.delete(Node, { name: "slow" });
  await available(3);
  const body = { spec: { template: { spec: { containers: [{ name: "main", image: "two" }] } } } };
  await client.patch(DaemonSet, agent, { type: "strategic", body });
  await available(3);
  const pods = (await client.list(Pod, { namespace: "work" })).items.filter(({ metadata }) =>
    !metadata.deletionTimestamp
  );
  assert.deepEqual(pods.map(({ spec }) => spec?.containers[0]?.image), ["two", "two", "two"]);
});
