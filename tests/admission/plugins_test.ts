import assert from "node:assert/strict";
import { type ApiWorld, apiWorld } from "../api/api_world.ts";

const base = "/api/v1/namespaces/default";

async function podsMayRun(world: ApiWorld) {
  await world.call("POST", `${base}/serviceaccounts`, { metadata: { name: "default" } });
}

function podOf(name: string, resources: object, more: object = {}) {
  return { metadata: { name }, spec: { containers: [{ name: "c", image: "i", resources }], ...more } };
}

Deno.test("a LimitRange fills in what a container does not say, and refuses what is out of bounds", async () => {
  await using world = await apiWorld();
  await podsMayRun(world);
  const limit = { type: "Container", min: { cpu: "50m" }, max: { cpu: "500m" }, defaultRequest: { cpu: "100m" } };
  await world.call("POST", `${base}/limitranges`, { metadata: { name: "l" }, spec: { limits: [limit] } });
  const { body } = await world.call("POST", `${base}/pods`, podOf("a", {}));
  assert.deepEqual(body.spec.containers[0].resources, { limits: { cpu: "500m" }, requests: { cpu: "100m" } });
  const told = "LimitRanger plugin set: cpu request for container c; cpu limit for container c";
  assert.equal(body.metadata.annotations["kubernetes.io/limit-ranger"], told);
  const less = await world.call("POST", `${base}/pods`, podOf("b", { requests: { cpu: "10m" } }));
  const words = "minimum cpu usage per Container is 50m, but request is 10m";
  assert.equal(less.body.message, `pods "b" is forbidden: ${words}`);
  const more = await world.call("POST", `${base}/pods`, podOf("b", { limits: { cpu: "1" } }));
  assert.match(more.body.message, /is forbidden: maximum cpu usage per Container is 500m, but limit is 1$/);
});

Deno.test("a claim gets the default class, unless it names one, and is kept while in use", async () => {
  await using world = await apiWorld();
  const marked = (annotation: string) => ({ annotations: { [annotation]: "true" } });
  const storage = "/apis/storage.k8s.io/v1/storageclasses";
  const mark = marked("storageclass.kubernetes.io/is-default-class");
  await world.call("POST", storage, { metadata: { name: "fast", ...mark }, provisioner: "example.com/fast" });
  const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
  const claims = `${base}/persistentvolumeclaims`;
  const { body } = await world.call("POST", claims, { metadata: { name: "a" }, spec });
  assert.equal(body.spec.storageClassName, "fast");
  assert.deepEqual(body.metadata.finalizers, ["kubernetes.io/pvc-protection"]);
  const none = await world.call("POST", claims, { metadata: { name: "b" }, spec: { ...spec, storageClassName: "" } });
  assert.equal(none.body.spec.storageClassName, "");
});

Deno.test("a RuntimeClass tells what it costs and where it is; overhead without one is refused", async () => {
  await using world = await apiWorld();
  await podsMayRun(world);
  const scheduling = { nodeSelector: { sandbox: "yes" } };
  const overhead = { podFixed: { memory: "64Mi" } };
  const sandbox = { metadata: { name: "sandbox" }, handler: "runsc", overhead, scheduling };
  await world.call("POST", "/apis/node.k8s.io/v1/runtimeclasses", sandbox);
  const { body } = await world.call("POST", `${base}/pods`, podOf("a", {}, { runtimeClassName: "sandbox" }));
  assert.deepEqual(body.spec.overhead, { memory: "64Mi" });
  assert.deepEqual(body.spec.nodeSelector, { sandbox: "yes" });
  const elsewhere = podOf("b", {}, { runtimeClassName: "sandbox", nodeSelector: { sandbox: "no" } });
  assert.equal((await world.call("POST", `${base}/pods`, elsewhere)).status, 403);
  const missing = await world.call("POST", `${base}/pods`, podOf("b", {}, { runtimeClassName: "none" }));
  assert.equal(missing.body.message, 'pods "b" is forbidden: pod rejected: RuntimeClass "none" not found');
  const bare = await world.call("POST", `${base}/pods`, podOf("b", {}, { overhead: { memory: "1Mi" } }));
  assert.equal(bare.status, 403);
});

Deno.test("a new node takes no pods before it was seen well", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", "/api/v1/nodes", { metadata: { name: "n" } });
  assert.deepEqual(body.spec.taints, [{ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }]);
});

Deno.test("an APIService of our own is available from the start", async () => {
  await using world = await apiWorld();
  const { body } = await world.call("POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
    metadata: { name: "v9.example.com" },
    spec: { group: "example.com", version: "v9", groupPriorityMinimum: 1, versionPriority: 1 },
  });
  assert.equal(body.status.conditions[0].reason, "Local");
});
