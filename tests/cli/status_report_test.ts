import assert from "node:assert/strict";
import { type ClusterView, whatIsWrong } from "../../runtime/cli/status_report.ts";

const nowMs = Date.parse("2026-06-01T00:00:00Z");
const metadata = { name: "web", namespace: "shop", creationTimestamp: "2026-05-01T00:00:00Z" };
const node = { metadata: { name: "n1" }, status: { conditions: [{ type: "Ready", status: "True" }] } };
const running = { metadata, status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } };

function wrong(change: Record<string, unknown>): string[] {
  const well = { nodes: [node], pods: [running], manifestFiles: [], certificates: {}, failedChecks: [], nowMs };
  return whatIsWrong({ ...well, ...change } as unknown as ClusterView);
}

function podWith(status: Record<string, unknown>, created = metadata.creationTimestamp): string[] {
  return wrong({ pods: [{ metadata: { ...metadata, creationTimestamp: created }, status }] });
}

Deno.test("a cluster that is well has nothing wrong", () => {
  assert.deepEqual(wrong({}), []);
  assert.deepEqual(podWith({ phase: "Succeeded" }), []);
});

Deno.test("a node that is not ready is named with its reason", () => {
  const conditions = [{ type: "Ready", status: "False", reason: "KubeletNotReady", message: "docker does not answer" }];
  assert.deepEqual(wrong({ nodes: [{ ...node, status: { conditions } }] }), [
    "node n1 is not ready (KubeletNotReady: docker does not answer)",
  ]);
  assert.deepEqual(wrong({ nodes: [] }), ["there is no node: no pod can run"]);
});

Deno.test("a pod that does not run is named with what it waits for", () => {
  const waiting = { name: "app", state: { waiting: { reason: "ErrImagePull", message: "no such image" } } };
  assert.deepEqual(podWith({ phase: "Pending", containerStatuses: [waiting] }), [
    "pod shop/web does not run (container app: ErrImagePull, no such image)",
  ]);
  const unscheduled = {
    type: "PodScheduled",
    status: "False",
    message: "0/1 nodes are available: 1 Insufficient cpu.",
  };
  assert.deepEqual(podWith({ phase: "Pending", conditions: [unscheduled] }), [
    "pod shop/web does not run (0/1 nodes are available: 1 Insufficient cpu.)",
  ]);
  const ended = { name: "app", state: { terminated: { exitCode: 3 } } };
  assert.deepEqual(podWith({ phase: "Failed", containerStatuses: [ended] }), [
    "pod shop/web has failed (container app ended with 3)",
  ]);
});

Deno.test("a pod that is being made is given a minute", () => {
  const creating = {
    phase: "Pending",
    containerStatuses: [{ name: "app", state: { waiting: { reason: "ContainerCreating" } } }],
  };
  assert.deepEqual(podWith(creating, "2026-05-31T23:59:30Z"), []);
  assert.equal(podWith(creating).length, 1);
});

Deno.test("files in error, certificates near their end and failed checks are told", () => {
  const broken = { spec: { folder: "/m", path: "m/a.yaml" }, status: { state: "Broken", message: "line 7: no" } };
  const fine = { spec: { folder: "/m", path: "m/b.yaml" }, status: { state: "Applied" } };
  assert.deepEqual(wrong({ manifestFiles: [broken, fine] }), ["manifest file m/a.yaml is broken (line 7: no)"]);
  const certificates = {
    "admin.crt": { notBeforeMs: 0, notAfterMs: nowMs + 5 * 86_400_000, names: [] },
    "ca.crt": { notBeforeMs: 0, notAfterMs: nowMs + 500 * 86_400_000, names: [] },
  };
  assert.deepEqual(wrong({ certificates }), ["certificate admin.crt expires in 5 days: restart d8s, which renews it"]);
  assert.deepEqual(wrong({ failedChecks: ["etcd: no answer"] }), ["API server: etcd: no answer"]);
});
