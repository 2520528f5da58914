/** What pods' control groups are called, what they are held to, and how the kernel and systemd are told. */
import assert from "node:assert/strict";
import { folderOf, groupsOfUid, parentOf, podGroup } from "../../controllers/kubelet/groups/group.ts";
import { podGroupLimits, qosGroupLimits, widened } from "../../controllers/kubelet/groups/group_limits.ts";
import { limitFiles, propertiesOf, weightOf } from "../../controllers/kubelet/groups/limit_files.ts";
import { changeCommand, startCommand, stopCommand } from "../../controllers/kubelet/groups/slices.ts";
import type { Pod } from "../../controllers/kubelet/pod/pod.ts";
import { podOf } from "./pods.ts";

const mebi = 2 ** 20;
const amounts = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });

function podWith(own: readonly (object | undefined)[], spec: object = {}): Pod {
  return podOf({ containers: own.map((resources, i) => ({ name: `c${i}`, image: "i", resources })), ...spec } as never);
}

const limitsOf = (pod: Pod, podPidsLimit = -1) => podGroupLimits(pod, { podPidsLimit });

Deno.test("a pod's group is called as upstream calls it, for either driver of docker's", () => {
  const pods = [podWith([amounts("1", "1Mi")]), podWith([{ requests: { cpu: "1" } }]), podWith([undefined])];
  const uid = "1a-2b";
  const named = pods.map((pod) => ({ ...pod, metadata: { ...pod.metadata, uid } }));
  const files = { driver: "cgroupfs", root: [] } as const;
  const slices = { driver: "systemd", root: ["my-own"] } as const;
  const parents = (place: typeof files | typeof slices) => named.map((pod) => parentOf(place, podGroup(place, pod)));
  const expected = ["/kubepods/pod1a-2b", "/kubepods/burstable/pod1a-2b", "/kubepods/besteffort/pod1a-2b"];
  assert.deepEqual(parents(files), expected);
  assert.deepEqual(groupsOfUid(files, uid).map((path) => parentOf(files, path)), expected);
  assert.deepEqual(parents(slices), [
    "my_own-kubepods-pod1a_2b.slice",
    "my_own-kubepods-burstable-pod1a_2b.slice",
    "my_own-kubepods-besteffort-pod1a_2b.slice",
  ]);
  assert.equal(folderOf(files, podGroup(files, named[1]!)), "kubepods/burstable/pod1a-2b");
  assert.equal(
    folderOf({ ...slices, root: [] }, podGroup({ ...slices, root: [] }, named[1]!)),
    "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1a_2b.slice",
  );
});

Deno.test("a pod may use what its containers may together, or what it says itself, and its overhead", () => {
  const both = podWith([amounts("500m", "64Mi"), amounts("250m", "32Mi")]);
  assert.deepEqual(limitsOf(both), { cpuShares: 768, cpuPeriod: 100_000, cpuQuota: 75_000, memoryBytes: 96 * mebi });
  const whole = podWith([amounts("500m", "64Mi"), undefined], { resources: { limits: { memory: "80Mi" } } });
  assert.deepEqual(limitsOf(whole), { cpuShares: 512, memoryBytes: 80 * mebi });
  const initial = podWith([amounts("1", "64Mi")], { initContainers: [{ name: "i", resources: amounts("2", "16Mi") }] });
  assert.deepEqual([limitsOf(initial).cpuQuota, limitsOf(initial).memoryBytes], [200_000, 64 * mebi]);
  const heavy = podWith([amounts("1", "64Mi")], { overhead: { memory: "10Mi" } });
  assert.equal(limitsOf(heavy).memoryBytes, 74 * mebi);
});

Deno.test("one container without a limit leaves its pod without, and pods are held to a number of processes alike", () => {
  assert.deepEqual(limitsOf(podWith([amounts("1", "64Mi"), undefined])), { cpuShares: 1024 });
  const initial = podWith([amounts("1", "64Mi")], { initContainers: [{ name: "i" }] });
  assert.deepEqual(limitsOf(initial), { cpuShares: 1024 });
  assert.deepEqual(limitsOf(podWith([undefined]), 99), { cpuShares: 2, pids: 99 });
});

Deno.test("Burstable pods weigh what they ask for together, BestEffort pods next to nothing", () => {
  const pods = [podWith([{ requests: { cpu: "500m" } }]), podWith([{ requests: { cpu: "1" } }]), podWith([undefined])];
  const ended = { ...pods[1]!, status: { phase: "Succeeded" } } as Pod;
  assert.deepEqual(qosGroupLimits([...pods, ended, podWith([amounts("3", "1Mi")])]), {
    burstable: { cpuShares: 1536 },
    besteffort: { cpuShares: 2 },
  });
});

Deno.test("while a pod is resized its group holds for both what was and what will be", () => {
  const [small, large] = [{ cpuShares: 2, memoryBytes: 10 }, { cpuShares: 4, memoryBytes: 20, cpuQuota: 5 }];
  assert.deepEqual(widened(small, large), { cpuShares: 2, memoryBytes: 20 });
  assert.deepEqual(widened(large, { cpuQuota: 9, memoryBytes: 5 }), {
    cpuShares: 4,
    cpuPeriod: 100_000,
    cpuQuota: 9,
    memoryBytes: 20,
  });
});

Deno.test("the kernel reads limits, and their absence, in the files of each version", () => {
  const limits = { cpuShares: 512, cpuQuota: 50_000, memoryBytes: 64 * mebi, pids: 7 };
  const texts = (version: 1 | 2, of: object) => limitFiles[version].map(({ file, text }) => `${file}=${text(of)}`);
  assert.deepEqual(texts(1, limits), [
    "cpu.shares=512",
    "cpu.cfs_quota_us=50000",
    `memory.limit_in_bytes=${64 * mebi}`,
    "pids.max=7",
  ]);
  assert.deepEqual(texts(2, limits), [
    "cpu.weight=59",
    "cpu.max=50000 100000",
    `memory.max=${64 * mebi}`,
    "pids.max=7",
  ]);
  assert.deepEqual(texts(1, { cpuShares: 2 }).slice(1), [
    "cpu.cfs_quota_us=-1",
    "memory.limit_in_bytes=-1",
    "pids.max=max",
  ]);
  assert.deepEqual(texts(2, { cpuShares: 2 }), [
    "cpu.weight=1",
    "cpu.max=max 100000",
    "memory.max=max",
    "pids.max=max",
  ]);
  const read = (version: 1 | 2, file: string, text: string) =>
    limitFiles[version].find((row) => row.file === file)!.limits!(text);
  assert.deepEqual(read(1, "memory.limit_in_bytes", "9223372036854771712"), {});
  assert.deepEqual(read(2, "cpu.max", "50000 100000"), { cpuQuota: 50_000 });
  assert.deepEqual([2, 1024, 262_144].map(weightOf), [1, 100, 10_000]);
});

Deno.test("systemd is asked for a slice with its limits, for other limits, and for its end", () => {
  const limits = { cpuShares: 1024, cpuQuota: 50_000, memoryBytes: 64 * mebi };
  const endless = "18446744073709551615";
  const unit = "kubepods-podu1.slice";
  const properties = ["CPUWeight", "t", "100", "CPUQuotaPerSecUSec", "t", "500000", "MemoryMax", "t", String(64 * mebi)]
    .concat("TasksMax", "t", endless);
  const said = (command: string[]) => command.slice(4);
  assert.deepEqual(said(startCommand(unit, propertiesOf(2, limits))), [
    ...["StartTransientUnit", "ssa(sv)a(sa(sv))", unit, "replace", "8", "DefaultDependencies", "b", "false"],
    ...["CPUAccounting", "b", "true", "MemoryAccounting", "b", "true", "TasksAccounting", "b", "true"],
    ...[...properties, "0"],
  ]);
  const change = ["SetUnitProperties", "sba(sv)", unit, "true", "4", ...properties];
  assert.deepEqual(said(changeCommand(unit, propertiesOf(2, limits))), change);
  assert.deepEqual(said(stopCommand(unit)), ["StopUnit", "ss", unit, "replace"]);
  assert.deepEqual(propertiesOf(1, { cpuShares: 2 }).map(([name]) => name), [
    "CPUShares",
    "CPUQuotaPerSecUSec",
    "MemoryLimit",
    "TasksMax",
  ]);
});
