/** In-place resize: what is planned, what the node can give, and what the status says meanwhile. */
import assert from "node:assert/strict";
import { cgroupLimits } from "../../controllers/kubelet/container/resources.ts";
import type { Observed } from "../../controllers/kubelet/container/identity.ts";
import { allocate, roomOf } from "../../controllers/kubelet/pod/allocation.ts";
import { planPod } from "../../controllers/kubelet/pod/plan_pod.ts";
import { podStatus, type PodStatusFacts } from "../../controllers/kubelet/pod/pod_status.ts";
import { type Container, type Pod, specOf } from "../../controllers/kubelet/pod/pod.ts";
import { factsOf, noon, observedOf, podOf } from "./pods.ts";

const amounts = (cpu: string, memory = "64Mi") => ({ requests: { cpu, memory }, limits: { cpu, memory } });
const containerOf = (resources: object, more: object = {}) =>
  ({ name: "c", image: "i", resources, ...more }) as Container;
const sandbox = observedOf("POD", "running");

/** A container that runs with the limits of these resources. */
function runningWith(resources: object): Observed {
  const limits = cgroupLimits(podOf(), containerOf(resources));
  return observedOf("c", "running", { state: { limits } as Observed["state"] });
}

function resized(from: object, to: object, more: object = {}): Pod {
  const status = {
    startTime: "2026-01-01T11:59:00Z",
    phase: "Running",
    containerStatuses: [{ name: "c", resources: from }],
  };
  return podOf({ containers: [containerOf(to, more)] }, { status });
}

const node = { cpu: "2", memory: "1Gi" };

Deno.test("limits that differ are changed while the container runs", () => {
  const plan = planPod(factsOf(resized(amounts("1"), amounts("500m")), [sandbox, runningWith(amounts("1"))]));
  assert.deepEqual(plan.steps, [{
    type: "resize",
    id: "c-0",
    name: "c",
    limits: cgroupLimits(podOf(), containerOf(amounts("500m"))),
  }]);
});

Deno.test("a container that wants to begin anew for a resource is restarted for that one only, without back-off", () => {
  const policy = { resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] };
  const types = (to: object, observed: Observed) =>
    planPod(factsOf(resized(amounts("1"), to, policy), [sandbox, observed])).steps.map(({ type }) => type);
  assert.deepEqual(types(amounts("2"), runningWith(amounts("1"))), ["resize"]);
  assert.deepEqual(types(amounts("1", "32Mi"), runningWith(amounts("1"))), ["stop"]);
  const limits = cgroupLimits(podOf(), containerOf(amounts("1")));
  const ended = observedOf("c", "exited", { backOffSeconds: 300, state: { limits } as Observed["state"] });
  assert.deepEqual(types(amounts("1", "32Mi"), ended), ["start"]);
});

Deno.test("a resize that the node can never give is infeasible, one that it can't give now is deferred", () => {
  const pod = resized(amounts("1"), amounts("1500m"));
  const neighbour = podOf({ containers: [containerOf(amounts("1"))] });
  assert.equal(allocate(pod, () => roomOf(node, [])).pod, pod);
  const deferred = allocate(pod, () => roomOf(node, [neighbour]));
  assert.deepEqual(deferred.pending, {
    reason: "Deferred",
    message: "Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity: 2000",
  });
  assert.deepEqual(specOf(deferred.pod).containers[0]!.resources, amounts("1"));
  const infeasible = allocate(resized(amounts("1"), amounts("3")), () => roomOf(node, []));
  assert.equal(infeasible.pending?.reason, "Infeasible");
});

Deno.test("while a resize is carried out the status shows what was, and what is given", () => {
  const pod = resized(amounts("1"), amounts("500m"));
  const facts = (observed: Observed, underWay: boolean): PodStatusFacts => ({
    pod,
    observed: [sandbox, observed],
    verdict: () => ({ started: true, ready: true }),
    waiting: new Map(),
    messages: new Map(),
    users: new Map(),
    imageName: (id) => id,
    now: noon,
    resize: { underWay },
    podIps: ["10.0.0.1"],
    hostIps: ["1.1.1.1"],
  });
  const during = podStatus(facts(runningWith(amounts("1")), true));
  assert.deepEqual(during.containerStatuses![0]!.resources, amounts("1"));
  assert.deepEqual(during.containerStatuses![0]!.allocatedResources, amounts("500m").requests);
  assert.ok(during.conditions!.some(({ type }) => type === "PodResizeInProgress"));
  const after = podStatus(facts(runningWith(amounts("500m")), false));
  assert.deepEqual(after.containerStatuses![0]!.resources, amounts("500m"));
  assert.ok(!after.conditions!.some(({ type }) => type.startsWith("PodResize")));
});
