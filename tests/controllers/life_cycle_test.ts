import assert from "node:assert/strict";
import * as controllers from "../../controllers/mod.ts";
import {
  ConfigMap,
  Deployment,
  Endpoints,
  EndpointSlice,
  Event,
  type Kind,
  type KubeObject,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  Service,
  ServiceAccount,
} from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "./cluster.ts";
import { podPlayer } from "./pod_player.ts";

async function webCluster(replicas = 3): Promise<TestCluster> {
  const cluster = await testCluster();
  const { deployments, replicaSets, serviceAccounts, namespaces, garbageCollector, endpointSlices, endpoints } =
    controllers;
  cluster.run([
    ...[deployments, replicaSets, serviceAccounts, namespaces, garbageCollector(), endpointSlices, endpoints],
    controllers.rootCa({ ca: "certificate" }),
    podPlayer({ broken: "broken" }),
  ]);
  await cluster.client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  await cluster.until(ServiceAccount, { namespace: "shop", name: "default" }, (account) => account !== undefined);
  await cluster.client.create(Deployment, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      replicas,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "main", image: "one" }] } },
    },
  });
  await rolledOut(cluster, replicas);
  return cluster;
}

const web = { namespace: "shop", name: "web" };

async function rolledOut({ until }: TestCluster, replicas: number) {
  return await until(Deployment, web, (deployment) => {
    const { updatedReplicas, availableReplicas, replicas: all, observedGeneration } = deployment?.status ?? {};
    const settled = [updatedReplicas, availableReplicas, all].every((count) => count === replicas);
    return settled && observedGeneration === deployment?.metadata.generation;
  });
}

async function setImage({ client }: TestCluster, image: string): Promise<void> {
  const body = { spec: { template: { spec: { containers: [{ name: "main", image }] } } } };
  await client.patch(Deployment, web, { type: "strategic", body });
}

function condition(
  object: { status?: { conditions?: { type: string; reason?: string }[] } } | undefined,
  type: string,
) {
  return object?.status?.conditions?.find((one) => one.type === type)?.reason;
}

Deno.test("a rollout keeps its bounds, is undone by its revision, and says what it did", async () => {
  await using cluster = await webCluster(4);
  const { client, until } = cluster;
  await setImage(cluster, "two");
  const rolled = await rolledOut(cluster, 4);
  assert.equal(rolled?.metadata.annotations?.["deployment.kubernetes.io/revision"], "2");
  await until(Deployment, web, (deployment) => condition(deployment, "Progressing") === "NewReplicaSetAvailable");
  await setImage(cluster, "one");
  const undone = await rolledOut(cluster, 4);
  assert.equal(undone?.metadata.annotations?.["deployment.kubernetes.io/revision"], "3");
  const sets = (await client.list(ReplicaSet, { namespace: "shop" })).items;
  const first = sets.find(({ spec }) => spec?.replicas === 4);
  assert.equal(sets.length, 2);
  assert.equal(first?.metadata.annotations?.["deployment.kubernetes.io/revision-history"], "1");
  const messages = (await client.list(Event, { namespace: "shop" })).items.map(({ message }) => message);
  assert.ok(
    messages.some((message) => /^Scaled up replica set web-\S+ from 0 to \d$/.test(message ?? "")),
    messages.join("\n"),
  );
});

Deno.test("a rollout to pods that never become ready stops at its bounds, and can be scaled in proportion and undone", async () => {
  await using cluster = await webCluster(4);
  const { client, until } = cluster;
  await setImage(cluster, "broken");
  const stuck = await until(
    Deployment,
    web,
    ({ status } = {} as never) => status?.updatedReplicas === 2 && status.replicas === 5,
  );
  assert.equal(stuck?.status?.availableReplicas, 3);
  await client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 8 } } });
  await until(Deployment, web, ({ status } = {} as never) => status?.replicas === 10);
  const sizes = (await client.list(ReplicaSet, { namespace: "shop" })).items.map(({ spec }) => spec?.replicas).sort();
  assert.deepEqual(sizes, [4, 6]);
  await setImage(cluster, "one");
  await rolledOut(cluster, 8);
});

Deno.test("a paused Deployment rolls nothing until it is resumed; Recreate never mixes old and new", async () => {
  await using cluster = await webCluster(2);
  const { client, until } = cluster;
  await client.patch(Deployment, web, { type: "merge", body: { spec: { paused: true } } });
  await until(Deployment, web, (deployment) => condition(deployment, "Progressing") === "DeploymentPaused");
  await setImage(cluster, "two");
  await client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 3 } } });
  await until(Deployment, web, ({ status } = {} as never) => status?.availableReplicas === 3);
  const images = async () => {
    const { items } = await client.list(Pod, { namespace: "shop" });
    return items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ spec }) => spec?.containers[0]?.image);
  };
  assert.deepEqual(await images(), ["one", "one", "one"]);
  await client.patch(Deployment, web, {
    type: "merge",
    body: { spec: { paused: false, strategy: { type: "Recreate", rollingUpdate: null } } },
  });
  await rolledOut(cluster, 3);
  assert.deepEqual(await images(), ["two", "two", "two"]);
});

Deno.test("a ReplicaSet adopts what matches, lets go of what no longer does, and replaces it", async () => {
  await using cluster = await webCluster(2);
  const { client, until } = cluster;
  const [pod] = (await client.list(Pod, { namespace: "shop" })).items;
  const ref = { namespace: "shop", name: pod!.metadata.name };
  await client.patch(Pod, ref, { type: "merge", body: { metadata: { labels: { app: "debug" } } } });
  await until(Pod, ref, (pod) => (pod?.metadata.ownerReferences ?? []).length === 0);
  await rolledOut(cluster, 2);
  await client.patch(Pod, ref, { type: "merge", body: { metadata: { labels: { app: "web" } } } });
  // Three match now and one is too many: it is adopted, and the set is two again.
  await until(
    ReplicaSet,
    { namespace: "shop", name: pod!.metadata.ownerReferences![0]!.name },
    ({ status } = {} as never) => status?.replicas === 2,
  );
  await rolledOut(cluster, 2);
});

Deno.test("deletion follows owners: in the background, in the foreground, and not at all when orphaning", async () => {
  for (const propagationPolicy of ["Background", "Foreground", "Orphan"] as const) {
    await using cluster = await webCluster(2);
    const { client, until } = cluster;
    const [set] = (await client.list(ReplicaSet, { namespace: "shop" })).items;
    await client.delete(Deployment, web, { propagationPolicy });
    await until(Deployment, web, (deployment) => deployment === undefined);
    const ref = { namespace: "shop", name: set!.metadata.name };
    if (propagationPolicy === "Orphan") {
      const orphan = await until(ReplicaSet, ref, (set) => (set?.metadata.ownerReferences ?? []).length === 0);
      assert.ok(orphan && !orphan.metadata.deletionTimestamp);
    } else {
      // In the foreground the dependents are gone before the owner is.
      if (propagationPolicy === "Foreground") {
        assert.equal((await client.list(Pod, { namespace: "shop" })).items.length, 0);
      }
      await until(ReplicaSet, ref, (set) => set === undefined);
    }
  }
});

Deno.test("what names an owner that never was is collected; what another owner still holds is only disowned", async () => {
  await using cluster = await webCluster(1);
  const { client, until } = cluster;
  const owner = await client.get(Deployment, web);
  const absent = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: "ghost",
    uid: "00000000-0000-4000-8000-000000000000",
  };
  const living = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: owner!.metadata.uid };
  const config = (name: string, ownerReferences: (typeof absent)[]) =>
    client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, namespace: "shop", ownerReferences },
    });
  await config("both", [absent, living]);
  await config("ghostly", [absent]);
  await until(ConfigMap, { namespace: "shop", name: "ghostly" }, (config) => config === undefined);
  const both = await until(
    ConfigMap,
    { namespace: "shop", name: "both" },
    (config) => config?.metadata.ownerReferences?.length === 1,
  );
  assert.equal(both?.metadata.ownerReferences?.[0]?.uid, living.uid);
});

Deno.test("a deleted namespace loses all of its content, and waits for finalizers with a reason", async () => {
  await using cluster = await webCluster(2);
  const { client, until } = cluster;
  const metadata = { name: "held", namespace: "shop", finalizers: ["example.com/hold"] };
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
  await client.delete(Namespace, { name: "shop" });
  const waiting = await until(
    Namespace,
    { name: "shop" },
    (namespace) =>
      condition(namespace, "NamespaceFinalizersRemaining") === "SomeFinalizersRemain" &&
      condition(namespace, "NamespaceContentRemaining") === "SomeResourcesRemain",
  );
  const remains = waiting?.status?.conditions?.find(({ type }) => type === "NamespaceFinalizersRemaining")?.message;
  assert.equal(
    remains,
    "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
  );
  await client.patch(ConfigMap, { namespace: "shop", name: "held" }, {
    type: "merge",
    body: { metadata: { finalizers: null } },
  });
  await until(Namespace, { name: "shop" }, (namespace) => namespace === undefined);
  for (const kind of [Pod, Deployment, ReplicaSet, ConfigMap, ServiceAccount] as Kind<KubeObject>[]) {
    assert.deepEqual((await client.list(kind, { namespace: "shop" })).items, []);
  }
});

Deno.test("a Service's endpoints follow its pods, in slices and in Endpoints", async () => {
  await using cluster = await webCluster(3);
  const { client, until } = cluster;
  await client.create(Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: web,
    spec: { selector: { app: "web" }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  });
  await until(Endpoints, web, (endpoints) => endpoints?.subsets?.[0]?.addresses?.length === 3);
  const [slice] =
    (await client.list(EndpointSlice, { namespace: "shop", labelSelector: "kubernetes.io/service-name=web" })).items;
  await until(
    EndpointSlice,
    { namespace: "shop", name: slice!.metadata.name },
    (slice) => slice?.endpoints?.length === 3,
  );
  assert.deepEqual(slice?.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
  await client.patch(Deployment, web, { type: "merge", body: { spec: { replicas: 1 } } });
  await until(
    EndpointSlice,
    { namespace: "shop", name: slice!.metadata.name },
    (slice) => slice?.endpoints?.length === 1,
  );
  await client.delete(EndpointSlice, { namespace: "shop", name: slice!.metadata.name });
  await until(Endpoints, web, (endpoints) => endpoints?.subsets?.[0]?.addresses?.length === 1);
});

Deno.test("endpoints tell the zone of their node, also when it comes later or changes", async () => {
  await using cluster = await testCluster();
  const { client, until } = cluster;
  cluster.run([controllers.serviceAccounts, controllers.endpointSlices, podPlayer()]);
  const ref = { namespace: "default", name: "web" };
  await until(ServiceAccount, { namespace: "default", name: "default" }, (account) => account !== undefined);
  await client.create(Service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: ref,
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  });
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...ref, labels: { app: "web" } },
    spec: { nodeName: "a", containers: [{ name: "main", image: "x" }] },
  });
  await until(Pod, ref, (pod) => pod?.status?.podIP !== undefined);
  const inZone = async (zone?: string) => {
    const signal = AbortSignal.timeout(20_000);
    for await (const event of client.watch(EndpointSlice, { namespace: "default", signal })) {
      if (event.type === "BOOKMARK") continue;
      const [endpoint] = event.object.endpoints ?? [];
      if (endpoint && endpoint.zone === zone) return;
    }
    assert.fail(`no endpoint tells zone ${zone}`);
  };
  await inZone();
  const labels = { "topology.kubernetes.io/zone": "east" };
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "a", labels } });
  await inZone("east");
  const body = { metadata: { labels: { "topology.kubernetes.io/zone": "west" } } };
  await client.patch(Node, { name: "a" }, { type: "merge", body });
  await inZone("west");
});

Deno.test("every node gets a subnet of its own, however many come at once", async () => {
  await using cluster = await testCluster();
  cluster.run([controllers.nodeIpam({ podCidrs: ["10.9.0.0/20", "fd00:9::/56"] })]);
  const names = Array.from({ length: 12 }, (_, index) => `node-${index}`);
  await Promise.all(
    names.map((name) => cluster.client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name } })),
  );
  const nodes = await Promise.all(
    names.map((name) => cluster.until(Node, { name }, (node) => node?.spec?.podCIDR !== undefined)),
  );
  assert.equal(new Set(nodes.map((node) => node?.spec?.podCIDR)).size, 12);
  assert.ok(nodes.every((node) => /^10\.9\.\d+\.0\/24$/.test(node?.spec?.podCIDR ?? "")));
  assert.equal(new Set(nodes.map((node) => node?.spec?.podCIDRs?.[1])).size, 12);
  assert.ok(nodes.every((node) => /^fd00:9:.*\/64$/.test(node?.spec?.podCIDRs?.[1] ?? "")));
});

Deno.test("a deleted namespace keeps what its pods run on until the last of them is gone", async () => {
  await using cluster = await webCluster(1);
  const { client, until } = cluster;
  const held = { name: "held", namespace: "shop" };
  const spec = { containers: [{ name: "main", image: "x" }] };
  const finalizers = ["example.com/hold"];
  await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { ...held, finalizers }, spec });
  await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: held });
  await client.delete(Namespace, { name: "shop" });
  await until(
    Namespace,
    { name: "shop" },
    (namespace) => condition(namespace, "NamespaceContentRemaining") === "SomeResourcesRemain",
  );
  assert.notEqual(await client.get(ConfigMap, held), undefined);
  await client.patch(Pod, held, { type: "merge", body: { metadata: { finalizers: null } } });
  await until(Namespace, { name: "shop" }, (namespace) => namespace === undefined);
});
