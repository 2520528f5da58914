import { strict as assert } from "node:assert";
import { type ApiWorld, apiWorld } from "./api_world.ts";

const path = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`;
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
const cpu = (percent: number) => ({
  metrics: [{
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: percent } },
  }],
});

function apply(world: ApiWorld, version: string, manager: string, spec: object, force = false) {
  const body = {
    apiVersion: `autoscaling/${version}`,
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h" },
    spec: { scaleTargetRef: target, maxReplicas: 3, ...spec },
  };
  const query = `fieldManager=${manager}&force=${force}`;
  const headers = { "content-type": "application/apply-patch+yaml" };
  return world.call("PATCH", `${path(version)}/h?${query}`, body, headers);
}

interface Entry {
  manager: string;
  apiVersion: string;
  fieldsV1: Record<string, Record<string, unknown>>;
}

const owners = (entries: Entry[]) =>
  entries.map((
    { manager, apiVersion, fieldsV1 },
  ) => [manager, apiVersion, Object.keys(fieldsV1["f:spec"] ?? {}).sort()]);

Deno.test("a manager owns fields by the names of the version that it wrote, also when others speak another", async () => {
  await using world = await apiWorld();
  const spec = { scaleTargetRef: target, maxReplicas: 3, targetCPUUtilizationPercentage: 50 };
  await world.call("POST", `${path("v1")}?fieldManager=old`, { metadata: { name: "h" }, spec });
  const { body } = await world.call("GET", `${path("v2")}/h`);
  const all = ["f:maxReplicas", "f:minReplicas", "f:scaleTargetRef", "f:targetCPUUtilizationPercentage"];
  assert.deepEqual(owners(body.metadata.managedFields), [["old", "autoscaling/v1", all]]);
  const merge = { "content-type": "application/merge-patch+json" };
  const patched = await world.call("PATCH", `${path("v2")}/h?fieldManager=new`, { spec: cpu(70) }, merge);
  assert.deepEqual(owners(patched.body.metadata.managedFields), [
    ["new", "autoscaling/v2", ["f:metrics"]],
    ["old", "autoscaling/v1", all.slice(0, 3)],
  ]);
});

Deno.test("a conflict is told in the version of whom it is with", async () => {
  await using world = await apiWorld();
  assert.equal((await apply(world, "v2", "one", cpu(50))).status, 201);
  const refused = await apply(world, "v1", "two", { targetCPUUtilizationPercentage: 60 });
  assert.equal(refused.status, 409);
  assert.match(refused.body.message, /conflict with "one": \.spec\.metrics$/);
  const agreed = await apply(world, "v1", "two", { targetCPUUtilizationPercentage: 50 });
  assert.equal(agreed.status, 200);
});

Deno.test("who applies in another version than before leaves out what he leaves out", async () => {
  await using world = await apiWorld();
  await apply(world, "v2", "one", { ...cpu(50), minReplicas: 2 });
  const { body, status } = await apply(world, "v1", "one", { targetCPUUtilizationPercentage: 60 });
  assert.equal(status, 200, body.message);
  assert.deepEqual([body.spec.minReplicas, body.spec.targetCPUUtilizationPercentage], [1, 60]);
  const entries = owners(body.metadata.managedFields);
  const spec = ["f:maxReplicas", "f:scaleTargetRef", "f:targetCPUUtilizationPercentage"];
  assert.deepEqual(entries, [["one", "autoscaling/v1", spec]]);
  const none = await apply(world, "v2", "one", {});
  assert.deepEqual(none.body.metadata.managedFields.map(({ apiVersion }: Entry) => apiVersion), ["autoscaling/v2"]);
  assert.notEqual(none.body.spec.metrics?.[0]?.resource.target.averageUtilization, 60);
});
