/** What the node refuses of what was bound to it. */
import assert from "node:assert/strict";
import { refuse } from "../../controllers/kubelet/pod/admission.ts";
import { roomOf } from "../../controllers/kubelet/pod/allocation.ts";
import { planPod } from "../../controllers/kubelet/pod/plan_pod.ts";
import type { Pod } from "../../controllers/kubelet/pod/pod.ts";
import { factsOf, observedOf, podOf } from "./pods.ts";

const node = { cpu: "1", memory: "1Gi" };
const allowedSysctls = ["net.core.*", "kernel/msgmax"];

const alone = { isStatic: false, pressures: [], shuttingDown: false, hasAppArmor: false, allowedSysctls };

function refusalOf(pod: Pod, others: readonly Pod[] = [], maxPods = 10) {
  return refuse({ pod, others, room: roomOf(node, others), maxPods, ...alone });
}

const asking = (cpu: string, hostPort?: number) =>
  podOf({
    containers: [{
      name: "c",
      image: "i",
      resources: { requests: { cpu } },
      ports: hostPort ? [{ hostPort, containerPort: 80 }] : [],
    }],
  });

Deno.test("a pod is refused for what the node lacks, in upstream's words", () => {
  assert.equal(refusalOf(asking("1")), undefined);
  assert.deepEqual(refusalOf(asking("600m"), [asking("500m")]), {
    reason: "OutOfcpu",
    message: "Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000",
  });
  assert.equal(refusalOf(asking("1m", 80), [asking("1m", 80)])?.reason, "NodePorts");
  assert.equal(refusalOf(asking("1m"), [asking("1m")], 1)?.reason, "OutOfpods");
});

Deno.test("sysctls that would reach beyond the pod are refused", () => {
  const withSysctl = (name: string, more: object = {}) =>
    podOf({ securityContext: { sysctls: [{ name, value: "1" }] }, ...more });
  assert.equal(refusalOf(withSysctl("kernel.shm_rmid_forced")), undefined);
  assert.equal(refusalOf(withSysctl("net/ipv4/tcp_syncookies")), undefined);
  assert.deepEqual(refusalOf(withSysctl("kernel.shmall")), {
    reason: "SysctlForbidden",
    message: 'forbidden sysctl: "kernel.shmall" not allowlisted',
  });
  assert.equal(refusalOf(withSysctl("kernel.msgmax")), undefined);
  assert.equal(refusalOf(withSysctl("net.core.somaxconn")), undefined);
  assert.equal(refusalOf(withSysctl("net.core.somaxconn", { hostNetwork: true }))?.reason, "SysctlForbidden");
  assert.equal(refusalOf(withSysctl("net.ipv4.tcp_syncookies", { hostNetwork: true }))?.reason, "SysctlForbidden");
});

Deno.test("a node that runs short takes critical pods, and for want of memory alone who said what he needs", () => {
  const bestEffort = podOf();
  const reasonOf = (pod: Pod, pressures: readonly string[], isStatic = false) =>
    refuse({ pod, others: [], room: roomOf(node, []), maxPods: 10, ...alone, pressures, isStatic });
  assert.deepEqual(reasonOf(bestEffort, ["MemoryPressure"]), {
    reason: "Evicted",
    message: "The node had condition: [MemoryPressure]. ",
  });
  const tolerations = [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists" as const }];
  const welcome = [asking("1m"), podOf({ tolerations })];
  for (const pod of welcome) assert.equal(reasonOf(pod, ["MemoryPressure"]), undefined);
  for (const pod of welcome) assert.equal(reasonOf(pod, ["MemoryPressure", "DiskPressure"])?.reason, "Evicted");
  assert.equal(reasonOf(bestEffort, ["DiskPressure"], true), undefined);
  assert.equal(reasonOf(podOf({ priority: 2_000_000_000 }), ["DiskPressure"]), undefined);
});

Deno.test("what has begun is never refused, and a refused pod starts nothing", () => {
  const begun = { ...asking("5"), status: { startTime: "2026-01-01T11:59:00Z" } } as Pod;
  assert.equal(refusalOf(begun), undefined);
  const refusal = { reason: "OutOfcpu", message: "m" };
  const plan = planPod(factsOf(asking("5"), [observedOf("POD", "running")], { refusal }));
  assert.deepEqual(plan.ended, { phase: "Failed", reason: "OutOfcpu", message: "Pod was rejected: m" });
  assert.deepEqual(plan.steps, [{ type: "dropSandbox", id: "POD-0" }]);
});
