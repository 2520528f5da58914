import assert from "node:assert/strict";
import type { IDevice } from "kubernetes-models/resource.k8s.io/v1/Device";
import type { IResourceClaim } from "kubernetes-models/resource.k8s.io/v1/ResourceClaim";
import type { IPod } from "kubernetes-models/v1/Pod";
import { deviceTaintEviction, resourceClaimRelease, resourceClaims, scheduler } from "../../controllers/mod.ts";
import { defaultConfiguration } from "../../controllers/scheduler/configuration/configuration.ts";
import type { SchedulerOptions } from "../../controllers/scheduler/scheduler.ts";
import {
  DeviceClass,
  isReason,
  Node,
  Pod,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
  ServiceAccount,
  type Stored,
} from "../../runtime/schema/mod.ts";
import { type TestCluster, testCluster } from "../controllers/cluster.ts";
import { node, pod } from "./sample.ts";

const apiVersion = "resource.k8s.io/v1" as const;
const namespace = "default";
const driver = "gpu.example.com";

/** One node with one device, and a template for it. */
async function withDevice(traits: Partial<IDevice> = {}, config?: SchedulerOptions): Promise<TestCluster> {
  const cluster = await testCluster();
  const { client } = cluster;
  cluster.run([resourceClaims, resourceClaimRelease, deviceTaintEviction, scheduler(config)]);
  await client.create(ServiceAccount, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: "default", namespace },
  })
    .catch((error) => assert.ok(isReason(error, "AlreadyExists")));
  const { status } = node("n1");
  await client.create(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "n1" } });
  await client.patch(Node, { name: "n1" }, { type: "merge", body: { status } as never }, { subresource: "status" });
  await client.patch(Node, { name: "n1" }, { type: "merge", body: { spec: { taints: null } } });
  await client.create(DeviceClass, {
    apiVersion,
    kind: "DeviceClass",
    metadata: { name: "gpu" },
    spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
  });
  const pool = { name: "n1", generation: 1, resourceSliceCount: 1 };
  const spec = { driver, nodeName: "n1", pool, devices: [{ name: "card", ...traits }] };
  await client.create(ResourceSlice, { apiVersion, kind: "ResourceSlice", metadata: { name: "n1" }, spec });
  await client.create(ResourceClaimTemplate, {
    apiVersion,
    kind: "ResourceClaimTemplate",
    metadata: { name: "one", namespace },
    spec: { spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu" } }] } } },
  });
  return cluster;
}

function podWith(name: string): IPod {
  const { spec } = pod(name);
  const resourceClaims = [{ name: "gpu", resourceClaimTemplateName: "one" }];
  return { apiVersion: "v1", kind: "Pod", metadata: { name, namespace }, spec: { ...spec!, resourceClaims } };
}

const isBound = (one?: Stored<IPod>) => one?.spec?.nodeName === "n1";
const claimOf = (one?: Stored<IPod>) => one!.status!.resourceClaimStatuses![0]!.resourceClaimName!;

Deno.test("a pod's claim is made from its template, gets a device, and gives it to the next pod when the first has gone", async () => {
  await using cluster = await withDevice();
  const { client, until } = cluster;
  await client.create(Pod, podWith("first"));
  const first = await until(Pod, { namespace, name: "first" }, isBound);
  const claim = (await client.get(ResourceClaim, { namespace, name: claimOf(first) }))!;
  const { allocation, reservedFor } = claim.status!;
  assert.deepEqual(allocation!.devices!.results, [{ request: "gpu", driver, pool: "n1", device: "card" }]);
  assert.deepEqual(reservedFor, [{ resource: "pods", name: "first", uid: first!.metadata.uid }]);
  assert.deepEqual(claim.metadata.finalizers, ["resource.kubernetes.io/delete-protection"]);
  await client.create(Pod, podWith("second"));
  const said = await until(
    Pod,
    { namespace, name: "second" },
    (one) =>
      one?.status?.conditions?.some(({ message = "" }) => message.includes("cannot allocate all claims")) === true,
  );
  const words = "0/1 nodes are available: 1 cannot allocate all claims.";
  assert.equal(said!.status!.conditions![0]!.message!.slice(0, words.length), words);
  await client.delete(Pod, { namespace, name: "first" }, { gracePeriodSeconds: 0 });
  await until(ResourceClaim, { namespace, name: claimOf(first) }, (one) => one === undefined);
  await until(Pod, { namespace, name: "second" }, isBound);
});

Deno.test("a pod whose claim nobody has made waits for it, in words that hold for all nodes", async () => {
  await using cluster = await withDevice();
  const { client, until } = cluster;
  const waiting = podWith("p");
  const spec = { ...waiting.spec!, resourceClaims: [{ name: "gpu", resourceClaimName: "mine" }] };
  await client.create(Pod, { ...waiting, spec });
  const said = await until(Pod, { namespace, name: "p" }, (one) => one?.status?.conditions?.length === 1);
  assert.equal(
    said!.status!.conditions![0]!.message,
    `0/1 nodes are available: resourceclaim.resource.k8s.io "mine" not found. ` +
      "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
  );
  const devices = { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu" } }] };
  await client.create(ResourceClaim, {
    apiVersion,
    kind: "ResourceClaim",
    metadata: { name: "mine", namespace },
    spec: { devices },
  });
  await until(Pod, { namespace, name: "p" }, isBound);
});

Deno.test("a selector that cannot be worked out ends the attempt, and is told as an error and not as a no", async () => {
  await using cluster = await withDevice();
  const { client, until } = cluster;
  const selectors = [{ cel: { expression: `device.attributes["${driver}"].missing == 1` } }];
  const devices = { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu", selectors } }] };
  const metadata = { name: "mine", namespace };
  await client.create(ResourceClaim, { apiVersion, kind: "ResourceClaim", metadata, spec: { devices } });
  const asking = podWith("p");
  await client.create(Pod, {
    ...asking,
    spec: { ...asking.spec!, resourceClaims: [{ name: "gpu", resourceClaimName: "mine" }] },
  });
  const said = await until(Pod, { namespace, name: "p" }, (one) => one?.status?.conditions?.length === 1);
  const { reason, message } = said!.status!.conditions![0]!;
  assert.equal(reason, "SchedulerError");
  assert.equal(
    message,
    'running "DynamicResources" filter plugin: claim default/mine: selector #0: CEL runtime error: no such key: missing',
  );
});

const attached = { bindingConditions: ["Attached"], bindingFailureConditions: ["Broken"], bindsToNode: true };

/** As its driver tells what becomes of the device. */
async function tell({ client }: TestCluster, claim: string, type: string): Promise<void> {
  const lastTransitionTime = "2026-01-01T00:00:00Z";
  const conditions = [{ type, status: "True", reason: "Fabric", message: "", lastTransitionTime }];
  const body = { status: { devices: [{ driver, pool: "n1", device: "card", conditions }] } };
  await client.patch(ResourceClaim, { namespace, name: claim }, { type: "merge", body }, { subresource: "status" });
}

Deno.test("a pod waits for its node until its devices are attached; one that cannot be is given back", async () => {
  await using cluster = await withDevice(attached);
  const { client, until } = cluster;
  await client.create(Pod, podWith("p"));
  const named = await until(Pod, { namespace, name: "p" }, (one) => one?.status?.resourceClaimStatuses !== undefined);
  const ref = { namespace, name: claimOf(named) };
  const isGiven = (one?: Stored<IResourceClaim>) => one?.status?.allocation !== undefined;
  const given = await until(ResourceClaim, ref, isGiven);
  const { allocation } = given!.status!;
  assert.deepEqual(allocation!.devices!.results![0]!.bindingConditions, ["Attached"]);
  assert.deepEqual(allocation!.nodeSelector!.nodeSelectorTerms[0]!.matchFields![0]!.values, ["n1"]);
  assert.equal((await client.get(Pod, { namespace, name: "p" }))!.spec!.nodeName, undefined);
  await tell(cluster, ref.name, "Broken");
  await until(ResourceClaim, ref, (one) => !isGiven(one) && one?.status?.devices === undefined);
  await until(ResourceClaim, ref, isGiven);
  await tell(cluster, ref.name, "Attached");
  await until(Pod, { namespace, name: "p" }, isBound);
});

Deno.test("a device that is not attached in time is given back", async () => {
  const profiles = defaultConfiguration.profiles.map((profile) => ({ ...profile, deviceTimeoutMs: 1 }));
  await using cluster = await withDevice(attached, { backOff: defaultConfiguration.backOff, profiles });
  const { client, until } = cluster;
  await client.create(Pod, podWith("p"));
  const named = await until(Pod, { namespace, name: "p" }, (one) => one?.status?.resourceClaimStatuses !== undefined);
  const seen: boolean[] = [];
  await until(ResourceClaim, { namespace, name: claimOf(named) }, (one) => {
    const given = one?.status?.allocation !== undefined;
    if (seen.at(-1) !== given) seen.push(given);
    return seen.join().endsWith("true,false");
  });
});

Deno.test("a pod leaves a device whose taint its claim does not tolerate, and says why", async () => {
  await using cluster = await withDevice();
  const { client, until } = cluster;
  await client.create(Pod, { ...podWith("p"), metadata: { name: "p", namespace, finalizers: ["example.com/look"] } });
  await until(Pod, { namespace, name: "p" }, isBound);
  const slice = (await client.get(ResourceSlice, { name: "n1" }))!;
  const taints = [{ key: "example.com/hot", effect: "NoExecute" as const }];
  await client.update(ResourceSlice, { ...slice, spec: { ...slice.spec, devices: [{ name: "card", taints }] } });
  const gone = await until(Pod, { namespace, name: "p" }, (one) => one?.metadata.deletionTimestamp !== undefined);
  const target = gone!.status!.conditions!.find(({ type }) => type === "DisruptionTarget")!;
  assert.deepEqual([target.reason, target.message], [
    "DeletionByDeviceTaintManager",
    "Device Taint manager: deleting due to NoExecute taint",
  ]);
});

Deno.test("a claim whose devices are where its pod cannot go is freed, and others are found for it", async () => {
  await using cluster = await withDevice();
  const { client, until } = cluster;
  const devices = { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu" } }] };
  const claim = {
    apiVersion,
    kind: "ResourceClaim" as const,
    metadata: { name: "mine", namespace },
    spec: { devices },
  };
  const made = await client.create(ResourceClaim, claim);
  const matchFields = [{ key: "metadata.name", operator: "In" as const, values: ["gone"] }];
  const results = [{ request: "gpu", driver, pool: "gone", device: "card" }];
  const allocation = { devices: { results }, nodeSelector: { nodeSelectorTerms: [{ matchFields }] } };
  await client.update(ResourceClaim, { ...made, status: { allocation } }, { subresource: "status" });
  const asking = podWith("p");
  const resourceClaims = [{ name: "gpu", resourceClaimName: "mine" }];
  await client.create(Pod, { ...asking, spec: { ...asking.spec!, resourceClaims } });
  await until(Pod, { namespace, name: "p" }, isBound);
  const { status } = (await client.get(ResourceClaim, { namespace, name: "mine" }))!;
  assert.equal(status?.allocation?.devices?.results?.[0]?.pool, "n1");
});
