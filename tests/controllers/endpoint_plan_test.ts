import assert from "node:assert/strict";
import fc from "fast-check";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import type { IEndpoints } from "kubernetes-models/v1/Endpoints";
import type { Stored } from "../../runtime/schema/mod.ts";
import { mirroredFrame, mirroredGroups, mirrorManager } from "../../controllers/endpointslice/mirror_plan.ts";
import { planEndpoints } from "../../controllers/endpoints/plan.ts";
import { maxEndpoints, planSlices, type SliceObject } from "../../controllers/endpointslice/plan.ts";
import { sliceFrameOf } from "../../controllers/endpointslice.ts";
import { firstAddresses, subsetsOf } from "../../controllers/endpoints.ts";
import { samplePod, sampleService } from "./sample.ts";

const service = sampleService({
  selector: { app: "web" },
  ports: [{ port: 80, targetPort: "http" }],
  clusterIP: "10.96.0.2",
});

const frame = sliceFrameOf(service);

const world = fc.array(
  fc.record({
    ready: fc.boolean(),
    going: fc.boolean(),
    phase: fc.constantFrom("Running" as const, "Failed" as const),
    host: fc.integer({ min: 0, max: 400 }),
  }),
  { maxLength: 350 },
).map((all) =>
  [...new Map(all.map((one) => [one.host, one])).values()].map(({ host, ...traits }) =>
    samplePod(`p${host}`, { ...traits, node: "a", ip: `10.244.${host >> 8}.${host & 255}` })
  )
);

function stored(slices: readonly (IEndpointSlice | SliceObject)[]): SliceObject[] {
  return slices.map((slice, index) => ({
    ...slice,
    metadata: { resourceVersion: "1", creationTimestamp: "", name: `s${index}`, uid: `s${index}`, ...slice.metadata },
  } as SliceObject));
}

function groupsOf(pods: ReturnType<typeof samplePod>[]) {
  return planEndpoints({ service, pods, nodes: new Map(), family: "IPv4" });
}

Deno.test("slices carry every living pod once, at most a hundred each, and a second plan changes nothing", () => {
  fc.assert(
    fc.property(world, (pods) => {
      const first = planSlices({ frame, groups: groupsOf(pods), family: "IPv4", existing: [] });
      const slices = stored(first.create);
      const addresses = slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
      const living = pods.filter(({ status }) => status?.phase === "Running").map(({ status }) => status!.podIP!);
      assert.deepEqual(addresses.sort(), living.sort());
      assert.ok(slices.every(({ endpoints }) => (endpoints ?? []).length <= maxEndpoints));
      assert.ok(slices.length >= 1);
      const again = planSlices({ frame, groups: groupsOf(pods), family: "IPv4", existing: slices });
      assert.deepEqual(again, { create: [], update: [], remove: [] });
    }),
    { numRuns: 50 },
  );
});

Deno.test("after any change of pods the written slices are what a fresh start would carry", () => {
  fc.assert(
    fc.property(world, world, (before, after) => {
      const slices = stored(planSlices({ frame, groups: groupsOf(before), family: "IPv4", existing: [] }).create);
      const plan = planSlices({ frame, groups: groupsOf(after), family: "IPv4", existing: slices });
      const gone = new Set([...plan.remove, ...plan.update].map(({ metadata }) => metadata?.uid));
      const result = [...slices.filter(({ metadata }) => !gone.has(metadata.uid)), ...plan.update, ...plan.create];
      const flat = (all: readonly { endpoints?: unknown[] }[]) =>
        all.flatMap(({ endpoints }) => endpoints ?? []).map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(
        flat(result),
        flat(planSlices({ frame, groups: groupsOf(after), family: "IPv4", existing: [] }).create),
      );
      assert.ok(result.every(({ endpoints }) => (endpoints ?? []).length <= maxEndpoints));
    }),
    { numRuns: 50 },
  );
});

Deno.test("a pod that is being deleted serves while it is ready and is never ready for new traffic", () => {
  const [group] = groupsOf([samplePod("a", { ready: true, going: true, ip: "10.244.0.2" })]);
  assert.deepEqual(group?.endpoints[0]?.conditions, { ready: false, serving: true, terminating: true });
});

Deno.test("publishNotReadyAddresses makes pods ready that are not", () => {
  const eager = sampleService({ ...service.spec, publishNotReadyAddresses: true });
  const pods = [samplePod("a", { ready: false, ip: "10.244.0.2" })];
  const [group] = planEndpoints({ service: eager, pods, nodes: new Map(), family: "IPv4" });
  assert.deepEqual(group?.endpoints[0]?.conditions, { ready: true, serving: false, terminating: false });
});

Deno.test("a named port is resolved in each pod, and pods that differ get slices of their own", () => {
  const other = samplePod("b", { ready: true, ip: "10.244.0.3" });
  other.spec!.containers[0]!.ports![0]!.containerPort = 9090;
  const groups = groupsOf([samplePod("a", { ready: true, ip: "10.244.0.2" }), other]);
  assert.deepEqual(groups.map(({ ports }) => ports[0]?.port), [8080, 9090]);
  const { create } = planSlices({ frame, groups, family: "IPv4", existing: [] });
  assert.deepEqual(create.map(({ ports, endpoints }) => [ports?.[0]?.port, endpoints?.length]), [[8080, 1], [9090, 1]]);
});

Deno.test("Endpoints keep ready and not ready addresses apart and leave out pods that go", () => {
  const subsets = subsetsOf(groupsOf([
    samplePod("a", { ready: true, ip: "10.244.0.2" }),
    samplePod("b", { ready: false, ip: "10.244.0.3" }),
    samplePod("c", { ready: true, going: true, ip: "10.244.0.4" }),
  ]));
  assert.equal(subsets.length, 1);
  assert.deepEqual(subsets[0]?.addresses?.map(({ ip }) => ip), ["10.244.0.2"]);
  assert.deepEqual(subsets[0]?.notReadyAddresses?.map(({ ip }) => ip), ["10.244.0.3"]);
  assert.deepEqual(subsets[0]?.ports, [{ port: 8080, protocol: "TCP" }]);
});

Deno.test("a Service that prefers near endpoints hints at the zone and the node of those that are ready", () => {
  const metadata = { name: "a", uid: "a", resourceVersion: "1", creationTimestamp: "" };
  const labels = { "topology.kubernetes.io/zone": "z" };
  const nodes = new Map([["a", {
    apiVersion: "v1" as const,
    kind: "Node" as const,
    metadata: { ...metadata, labels },
  }]]);
  const pods = [
    samplePod("p", { ready: true, node: "a", ip: "10.244.0.2" }),
    samplePod("q", { ready: false, node: "a", ip: "10.244.0.3" }),
  ];
  const hints = (trafficDistribution?: string) =>
    planEndpoints({ service: sampleService({ ...service.spec, trafficDistribution }), pods, nodes, family: "IPv4" })
      .flatMap(({ endpoints }) => endpoints.map((endpoint) => endpoint.hints));
  assert.deepEqual(hints(), [undefined, undefined]);
  assert.deepEqual(hints("PreferClose"), [{ forZones: [{ name: "z" }] }, undefined]);
  assert.deepEqual(hints("PreferSameNode"), [{ forZones: [{ name: "z" }], forNodes: [{ name: "a" }] }, undefined]);
});

Deno.test("hand-written Endpoints are mirrored: same ports in one slice, families apart, marks of others kept", () => {
  const endpoints: Stored<IEndpoints> = {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      ...{ name: "web", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
      labels: { team: "a" },
      annotations: { note: "b", "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    subsets: [
      { addresses: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }], ports: [{ name: "http", port: 80 }] },
      { notReadyAddresses: [{ ip: "10.0.0.2", nodeName: "n" }], ports: [{ name: "http", port: 80, protocol: "TCP" }] },
    ],
  };
  const plan = (family: "IPv4" | "IPv6") =>
    planSlices({ frame: mirroredFrame(endpoints), groups: mirroredGroups(endpoints, family), family, existing: [] });
  const [slice, ...others] = plan("IPv4").create;
  assert.equal(others.length, 0);
  assert.deepEqual(slice?.ports, [{ name: "http", port: 80, protocol: "TCP" }]);
  assert.deepEqual(slice?.endpoints, [
    { addresses: ["10.0.0.1"], conditions: { ready: true } },
    { addresses: ["10.0.0.2"], conditions: { ready: false }, nodeName: "n" },
  ]);
  assert.deepEqual(slice?.metadata?.annotations, { note: "b" });
  assert.equal(slice?.metadata?.labels?.team, "a");
  assert.equal(slice?.metadata?.labels?.["endpointslice.kubernetes.io/managed-by"], mirrorManager);
  assert.deepEqual(plan("IPv6").create.flatMap(({ endpoints }) => endpoints?.map(({ addresses }) => addresses[0])), [
    "fd00::1",
  ]);
});

Deno.test("Endpoints of a very large Service keep as many addresses as allowed, ready ones first", () => {
  const subsets = [
    { addresses: [{ ip: "10.0.0.1" }], notReadyAddresses: [{ ip: "10.0.0.2" }], ports: [{ port: 80 }] },
    { addresses: [{ ip: "10.0.0.3" }, { ip: "10.0.0.4" }], ports: [{ port: 81 }] },
  ];
  assert.deepEqual(firstAddresses(subsets, 4), subsets);
  assert.deepEqual(firstAddresses(subsets, 2), [
    { addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] },
    { addresses: [{ ip: "10.0.0.3" }], ports: [{ port: 81 }] },
  ]);
});
