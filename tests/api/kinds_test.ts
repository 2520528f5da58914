/** What only some kinds have: allocated values, subresources, admission, custom resources. */
import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "./api_world.ts";

const services = "/api/v1/namespaces/default/services";
const pods = "/api/v1/namespaces/default/pods";

const service = (name: string, spec: Record<string, unknown> = {}) => ({
  metadata: { name },
  spec: { ports: [{ port: 80 }], ...spec },
});

const pod = (name: string) => ({ metadata: { name }, spec: { containers: [{ name: "c", image: "i" }] } });

async function withAccount(world: ApiWorld): Promise<ApiWorld> {
  await world.call("POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
  return world;
}

Deno.test("racing Services get addresses and ports of their own, also after a restart", async () => {
  await using world = await apiWorld();
  const create = (i: number) => world.call("POST", services, service(`s${i}`, { type: "NodePort" }));
  const before = await Promise.all(Array.from({ length: 30 }, (_, i) => create(i)));
  await world.restart();
  const after = await Promise.all(Array.from({ length: 30 }, (_, i) => create(100 + i)));
  const made = [...before, ...after].map(({ body }) => body.spec);
  assert.equal(new Set(made.map(({ clusterIP }) => clusterIP)).size, 60);
  assert.equal(new Set(made.map(({ ports }) => ports[0].nodePort)).size, 60);
});

Deno.test("a taken address or port is refused, and free again when its Service is gone", async () => {
  await using world = await apiWorld();
  const wanted = { clusterIP: "10.96.0.10", type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] };
  await world.call("POST", services, service("a", wanted));
  const address = await world.call("POST", services, service("b", { clusterIP: "10.96.0.10" }));
  assert.equal(address.status, 422);
  assert.match(address.body.message, /failed to allocate IP 10.96.0.10: provided IP is already allocated$/);
  const port = await world.call(
    "POST",
    services,
    service("b", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
  );
  assert.match(
    port.body.message,
    /spec.ports\[0\].nodePort: Invalid value: 30080: provided port is already allocated$/,
  );
  await world.call("DELETE", `${services}/a`);
  assert.equal((await world.call("POST", services, service("b", wanted))).status, 201);
});

Deno.test("an update that leaves out what was allocated keeps it", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", services, service("a", { type: "NodePort" }));
  const updated = await world.call(
    "PUT",
    `${services}/a`,
    service("a", { type: "NodePort", sessionAffinity: "ClientIP" }),
  );
  assert.equal(updated.status, 200, JSON.stringify(updated.body));
  assert.equal(updated.body.spec.clusterIP, body.spec.clusterIP);
  assert.equal(updated.body.spec.ports[0].nodePort, body.spec.ports[0].nodePort);
});

Deno.test("a pod runs as its namespace's account, with token, tolerations and priority", async () => {
  await using world = await withAccount(await apiWorld());
  const { body } = await world.call("POST", pods, pod("a"));
  const { spec } = body;
  assert.equal(spec.serviceAccountName, "default");
  assert.match(spec.volumes[0].name, /^kube-api-access-[a-z0-9]{5}$/);
  assert.equal(spec.containers[0].volumeMounts[0].mountPath, "/var/run/secrets/kubernetes.io/serviceaccount");
  assert.equal(spec.priority, 0);
  assert.equal(spec.tolerations.length, 2);
});

Deno.test("a pod is bound once", async () => {
  await using world = await withAccount(await apiWorld());
  await world.call("POST", pods, pod("a"));
  const bind = (name: string) =>
    world.call("POST", `${pods}/a/binding`, { metadata: { name: "a" }, target: { kind: "Node", name } });
  const answers = await Promise.all(["n1", "n2", "n3"].map(bind));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
  const { body } = await world.call("GET", `${pods}/a`);
  assert.equal(body.status.conditions.find((one: { type: string }) => one.type === "PodScheduled").status, "True");
});

Deno.test("a pod without a node goes at once, one with a node waits for its kubelet", async () => {
  await using world = await withAccount(await apiWorld());
  await world.call("POST", pods, pod("free"));
  await world.call("DELETE", `${pods}/free`);
  assert.equal((await world.call("GET", `${pods}/free`)).status, 404);
  await world.call("POST", pods, pod("bound"));
  await world.call("POST", `${pods}/bound/binding`, { metadata: { name: "bound" }, target: { name: "n" } });
  const marked = await world.call("DELETE", `${pods}/bound`);
  assert.equal(marked.body.metadata.deletionGracePeriodSeconds, 30);
  await world.call("DELETE", `${pods}/bound?gracePeriodSeconds=0`);
  assert.equal((await world.call("GET", `${pods}/bound`)).status, 404);
});

Deno.test("an eviction asks the budget, and the pod says that it went for it", async () => {
  await using world = await withAccount(await apiWorld());
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  await world.call("POST", pods, { ...pod("a"), metadata: { name: "a", labels: { app: "a" } } });
  await world.call("POST", `${pods}/a/binding`, { metadata: { name: "a" }, target: { name: "n" } });
  const { body } = await world.call("GET", `${pods}/a`);
  await world.call("PUT", `${pods}/a/status`, { ...body, status: { ...body.status, phase: "Running" } });
  await world.call("POST", budgets, {
    metadata: { name: "b" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "a" } } },
  });
  const refused = await world.call("POST", `${pods}/a/eviction`, { metadata: { name: "a" } });
  assert.equal(refused.status, 429);
  assert.equal(refused.body.message, "Cannot evict pod as it would violate the pod's disruption budget.");
  await world.call("DELETE", `${budgets}/b`);
  assert.equal((await world.call("POST", `${pods}/a/eviction`, { metadata: { name: "a" } })).status, 201);
  const { metadata, status } = (await world.call("GET", `${pods}/a`)).body;
  const [{ type, reason }] = status.conditions.slice(-1);
  assert.deepEqual([type, reason, !!metadata.deletionTimestamp], ["DisruptionTarget", "EvictionByEvictionAPI", true]);
});

const definition = {
  metadata: { name: "widgets.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "widgets", kind: "Widget" },
    versions: [{
      name: "v1",
      served: true,
      storage: true,
      subresources: { status: {}, scale: { specReplicasPath: ".spec.count", statusReplicasPath: ".status.count" } },
      schema: {
        openAPIV3Schema: {
          type: "object",
          properties: {
            spec: { type: "object", properties: { count: { type: "integer", default: 3 } } },
            status: { type: "object", properties: { count: { type: "integer" } } },
          },
        },
      },
    }],
  },
};
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const widgets = "/apis/example.com/v1/namespaces/default/widgets";

Deno.test("a custom resource takes the way of every kind: pruned, defaulted, scaled, kept over a restart", async () => {
  await using world = await apiWorld();
  await world.call("POST", definitions, definition);
  const made = await world.call("POST", widgets, { metadata: { name: "w" }, spec: { other: 1 } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual(made.body.spec, { count: 3 });
  const scaled = await world.call("PUT", `${widgets}/w/scale`, { metadata: { name: "w" }, spec: { replicas: 5 } });
  assert.equal(scaled.body.spec.replicas, 5);
  await world.restart();
  assert.equal((await world.call("GET", `${widgets}/w`)).body.spec.count, 5);
  assert.equal((await world.call("GET", widgets)).body.items[0].kind, "Widget");
  const found = await world.call("GET", "/apis/example.com/v1");
  assert.deepEqual(found.body.resources.map(({ name }: { name: string }) => name), [
    "widgets",
    "widgets/status",
    "widgets/scale",
  ]);
});

Deno.test("an event is one object under two sets of names, an autoscaler one under two versions", async () => {
  await using world = await apiWorld();
  const event = {
    metadata: { name: "e" },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    message: "hello",
    reason: "Said",
  };
  assert.equal((await world.call("POST", "/api/v1/namespaces/default/events", event)).status, 201);
  const events = "/apis/events.k8s.io/v1/namespaces/default/events";
  const { body } = await world.call("GET", `${events}?fieldSelector=regarding.name%3Dp`);
  assert.deepEqual(body.items.map(({ note, regarding }: { note: string; regarding: unknown }) => [note, regarding]), [
    ["hello", event.involvedObject],
  ]);
  const patch = { note: "changed" };
  const headers = { "content-type": "application/merge-patch+json" };
  assert.equal((await world.call("PATCH", `${events}/e`, patch, headers)).body.note, "changed");
  assert.equal((await world.call("GET", "/api/v1/namespaces/default/events/e")).body.message, "changed");
  const bare = { metadata: { name: "new" }, regarding: { kind: "Pod", name: "p", namespace: "default" }, note: "n" };
  const refused = await world.call("POST", events, bare);
  assert.match(
    refused.body.message,
    /^Event "new" is invalid: \[eventTime: Required value, type: Invalid value/,
  );
  const scaler = {
    metadata: { name: "h" },
    spec: {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 50,
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "d" },
    },
  };
  const scalers = "namespaces/default/horizontalpodautoscalers";
  assert.equal((await world.call("POST", `/apis/autoscaling/v1/${scalers}`, scaler)).status, 201);
  const second = await world.call("GET", `/apis/autoscaling/v2/${scalers}/h`);
  assert.equal(second.body.spec.metrics[0].resource.target.averageUtilization, 50);
  const first = await world.call("GET", `/apis/autoscaling/v1/${scalers}/h`);
  assert.equal(first.body.spec.targetCPUUtilizationPercentage, 50);
});

Deno.test("a Scale can be applied: its manager owns the replicas, and others are told so", async () => {
  await using world = await apiWorld();
  const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
  const deployment = {
    metadata: { name: "d" },
    spec: { replicas: 1, selector: { matchLabels: { a: "b" } }, template },
  };
  const deployments = "/apis/apps/v1/namespaces/default/deployments";
  await world.call("POST", deployments, deployment, { "user-agent": "me" });
  const headers = { "content-type": "application/apply-patch+yaml" };
  const scale = { apiVersion: "autoscaling/v1", kind: "Scale", metadata: { name: "d" }, spec: { replicas: 4 } };
  const path = `${deployments}/d/scale?fieldManager=scaler`;
  const conflict = await world.call("PATCH", path, scale, headers);
  assert.deepEqual([conflict.status, conflict.body.reason], [409, "Conflict"]);
  const forced = await world.call("PATCH", `${path}&force=true`, scale, headers);
  assert.deepEqual([forced.body.kind, forced.body.spec.replicas], ["Scale", 4]);
  const { body } = await world.call("GET", `${deployments}/d`);
  assert.equal(body.spec.replicas, 4);
  const entry = body.metadata.managedFields.find(({ manager }: { manager: string }) => manager === "scaler");
  assert.deepEqual([entry.operation, entry.subresource, entry.fieldsV1], ["Apply", "scale", {
    "f:spec": { "f:replicas": {} },
  }]);
});
