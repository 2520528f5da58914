/** Resources of a pod as a whole (`spec.resources`): its class, and its containers' limits. */
import assert from "node:assert/strict";
import { resourceValue } from "../../controllers/kubelet/container/resource_ref.ts";
import { cgroupLimits, unheldLimits } from "../../controllers/kubelet/container/resources.ts";
import { planEviction } from "../../controllers/kubelet/node/eviction_plan.ts";
import { oomScoreAdjOf } from "../../controllers/kubelet/pod/oom_score.ts";
import { type Pod as PodObject, specOf } from "../../controllers/kubelet/pod/pod.ts";
import { memoryLimitOf } from "../../controllers/kubelet/volumes/empty_dir.ts";
import { qosClassOf } from "../../runtime/schema/mod.ts";
import { podOf } from "./pods.ts";

const mebi = 2 ** 20;
const both = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });

function podWith(resources: object | undefined, ...own: (object | undefined)[]): PodObject {
  const containers = own.map((one, i) => ({ name: `c${i}`, image: "i", resources: one }));
  return podOf({ containers, ...(resources && { resources }) } as never);
}

Deno.test("the pod's own resources decide its class before its containers' do", () => {
  const classOf = (pod: PodObject) => qosClassOf(specOf(pod));
  assert.equal(classOf(podWith(both("1", "64Mi"), undefined)), "Guaranteed");
  assert.equal(classOf(podWith({ requests: { memory: "64Mi" } }, both("1", "64Mi"))), "Burstable");
  assert.equal(classOf(podWith(undefined, both("1", "64Mi"))), "Guaranteed");
  assert.equal(classOf(podWith({}, both("1", "64Mi"))), "Guaranteed");
  assert.equal(classOf(podWith({}, undefined)), "BestEffort");
});

Deno.test("oom_score_adj shares out what the pod asks for beyond its containers, as KEP-2837's examples do", () => {
  const scores = (pod: PodObject) => specOf(pod).containers.map((one) => oomScoreAdjOf(pod, one, 1000 * mebi));
  const asks = (memory: string) => ({ requests: { memory } });
  assert.deepEqual(scores(podWith(asks("180Mi"), undefined, undefined, undefined)), [940, 940, 940]);
  assert.deepEqual(scores(podWith(asks("180Mi"), asks("50Mi"), asks("100Mi"), undefined)), [940, 890, 990]);
  assert.deepEqual(scores(podWith(undefined, asks("50Mi"), undefined)), [950, 999]);
});

Deno.test("a container without a limit has the pod's, in its control group, its environment and its volumes in memory", () => {
  const limits = { cpu: "500m", memory: "64Mi" };
  const pod = podWith({ limits, requests: { cpu: "250m", memory: "64Mi" } }, undefined, { limits: { memory: "16Mi" } });
  const [free, own] = specOf(pod).containers;
  const cpu = { cpuShares: 256, cpuPeriod: 100_000, cpuQuota: 50_000 };
  assert.deepEqual(cgroupLimits(pod, free!), { ...cpu, memoryBytes: 64 * mebi });
  assert.deepEqual(cgroupLimits(pod, own!), { ...cpu, memoryBytes: 16 * mebi });
  const facts = { pod, nodeAllocatable: { memory: "8Gi", "ephemeral-storage": "1Gi" } };
  const value = (resource: string, container = free!) => resourceValue({ resource, divisor: "1Mi" }, container, facts);
  assert.deepEqual([value("limits.memory"), value("limits.memory", own)], ["64", "16"]);
  assert.deepEqual([value("requests.memory"), value("limits.ephemeral-storage")], ["0", "1024"]);
  assert.equal(memoryLimitOf(pod, "8Gi"), 64 * mebi);
});

Deno.test("limits that the containers can break together are named, those that hold are not", () => {
  const limits = { cpu: "1", memory: "64Mi" };
  assert.deepEqual(unheldLimits(podWith({ limits }, undefined)), []);
  assert.deepEqual(unheldLimits(podWith({ limits }, undefined, { limits: { memory: "16Mi" } })), ["cpu", "memory"]);
  const halves = { limits: { cpu: "500m", memory: "32Mi" } };
  assert.deepEqual(unheldLimits(podWith({ limits }, halves, halves)), []);
});

Deno.test("who keeps within what the pod as a whole asks for is evicted after those who don't", () => {
  const observation = { signal: "memory.available" as const, available: 50 * mebi, capacity: 1000 * mebi };
  const threshold = { signal: observation.signal, level: { units: 100 * mebi }, graceMs: 0, reclaim: { units: 0 } };
  const candidate = (pod: PodObject, memoryBytes: number) => {
    const containers = [{ name: "c0", memoryBytes, processes: 1, diskBytes: 0 }];
    return { pod, isStatic: false, containers, volumeBytes: 0 };
  };
  const within = candidate(podWith({ requests: { memory: "500Mi" } }, undefined), 400 * mebi);
  const above = candidate(podWith({ requests: { memory: "10Mi" } }, undefined), 20 * mebi);
  assert.equal(planEviction({ threshold, observation }, [within, above])?.pod, above.pod);
});
