import assert from "node:assert/strict";
import fc from "fast-check";
import type { IEndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
import { planEndpoints } from "../../controllers/endpoint_plan.ts";
import { maxEndpoints, planSlices, type SliceObject } from "../../controllers/endpointslice_plan.ts";
import { subsetsOf } from "../../controllers/endpoints.ts";
import { samplePod, sampleService } from "./sample.ts";

const service = sampleService({
  selector: { app: "web" },
  ports: [{ port: 80, targetPort: "http" }],
  clusterIP: "10.96.0.2",
});

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
      const first = planSlices({ service, groups: groupsOf(pods), family: "IPv4", existing: [] });
      const slices = stored(first.create);
      const addresses = slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap((endpoint) => endpoint.addresses));
      const living = pods.filter(({ status }) => status?.phase === "Running").map(({ status }) => status!.podIP!);
      assert.deepEqual(addresses.sort(), living.sort());
      assert.ok(slices.every(({ endpoints }) => (endpoints ?? []).length <= maxEndpoints));
      assert.ok(slices.length >= 1);
      const again = planSlices({ service, groups: groupsOf(pods), family: "IPv4", existing: slices });
      assert.deepEqual(again, { create: [], update: [], remove: [] });
    }),
    { numRuns: 50 },
  );
});

Deno.test("after any change of pods the written slices are what a fresh start would carry", () => {
  fc.assert(
    fc.property(world, world, (before, after) => {
      const slices = stored(planSlices({ service, groups: groupsOf(before), family: "IPv4", existing: [] }).create);
      const plan = planSlices({ service, groups: groupsOf(after), family: "IPv4", existing: slices });
      const gone = new Set([...plan.remove, ...plan.update].map(({ metadata }) => metadata?.uid));
      const result = [...slices.filter(({ metadata }) => !gone.has(metadata.uid)), ...plan.update, ...plan.create];
      const flat = (all: readonly { endpoints?: unknown[] }[]) =>
        all.flatMap(({ endpoints }) => endpoints ?? []).map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(
        flat(result),
        flat(planSlices({ service, groups: groupsOf(after), family: "IPv4", existing: [] }).create),
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
  const { create } = planSlices({ service, groups, family: "IPv4", existing: [] });
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
