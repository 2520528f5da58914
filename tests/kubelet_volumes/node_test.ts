/** What the node knows of itself. */
import assert from "node:assert/strict";
import { cgroupFigures, cgroupOf } from "../../controllers/kubelet/node/cgroup.ts";
import { type CgroupFiles, cgroupFiles } from "../../controllers/kubelet/node/cgroup_files.ts";
import { pressureStall } from "../../controllers/kubelet/node/pressure_stall.ts";
import { cgroupSamples } from "../../controllers/kubelet/server/cadvisor/cgroup_samples.ts";
import { metricFamily } from "../../controllers/kubelet/server/metric_text.ts";
import { parseInterfaces } from "../../controllers/kubelet/server/network_figures.ts";
import { payloadOf } from "../../controllers/kubelet/volumes/payload.ts";
import { podOf } from "../kubelet/pods.ts";

/** A group of cgroup v2 that says this, by file. */
const groupOf = (texts: Record<string, string>): CgroupFiles => ({
  version: 2,
  path: "/x",
  text: (name) => Promise.resolve(texts[name]),
  parent: () => groupOf({}),
});

Deno.test("control groups are found in both versions, the first where a machine has both", async () => {
  const v1 = cgroupFiles("4:memory:/pods/x\n3:cpu,cpuacct:/docker/x\n2:pids:/docker/x\n0::/docker/x\n")!;
  assert.deepEqual([v1.version, v1.path, v1.parent().path, v1.parent().parent().path], [1, "/pods/x", "/pods", "/"]);
  const v2 = cgroupFiles("0::/system.slice/docker-x.scope\n")!;
  assert.deepEqual([v2.version, v2.path], [2, "/system.slice/docker-x.scope"]);
  assert.equal(cgroupFiles(""), undefined);
  const own = await cgroupFigures((await cgroupOf(Deno.pid))!);
  assert.ok(own!.cpuNanoseconds > 0 && own!.memoryBytes >= own!.workingSetBytes && own!.workingSetBytes > 0);
  assert.ok(own!.processes.includes(Deno.pid));
});

Deno.test("a control group of the second version tells the same figures by other names", async () => {
  const group = groupOf({
    "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_periods 4\nnr_throttled 1\n" +
      "throttled_usec 250000\n",
    "memory.current": "10485760\n",
    "memory.stat": "anon 4194304\nfile 6291456\nkernel 65536\ninactive_anon 0\nactive_anon 4194304\n" +
      "inactive_file 2097152\nactive_file 4194304\npgfault 1234\npgmajfault 5\n",
    "memory.swap.current": "4096\n",
    "memory.events": "low 0\nhigh 0\nmax 7\noom 3\noom_kill 2\n",
    "cpu.pressure": "some avg10=1.50 avg60=0.25 avg300=0.00 total=2000000\n" +
      "full avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n",
    "cgroup.procs": "7\n8\n9\n",
  });
  assert.deepEqual(await cgroupFigures(group), {
    cpuNanoseconds: 1_500_000_000,
    memoryBytes: 10_485_760,
    workingSetBytes: 8_388_608,
    rssBytes: 4_194_304,
    pageFaults: 1234,
    majorPageFaults: 5,
    swapBytes: 4096,
    processes: [7, 8, 9],
  });
  const samples = await cgroupSamples({ subject: { cgroup: group, labels: {} } } as never);
  const told = new Map(samples.map(({ name, value }) => [name, value]));
  assert.equal(told.get("container_cpu_user_seconds_total"), 1);
  assert.equal(told.get("container_oom_events_total"), 2);
  assert.equal(told.get("container_memory_failcnt"), 7);
  assert.equal(told.get("container_pressure_cpu_waiting_seconds_total"), 2);
  assert.equal(told.get("container_pressure_cpu_stalled_seconds_total"), 1);
  assert.equal(told.has("container_cpu_cfs_throttled_seconds_total"), false, "it has no limit");
  const stall = { total: 2e9, avg10: 1.5, avg60: 0.25, avg300: 0 };
  assert.deepEqual(pressureStall(await group.text("cpu.pressure"))?.some, stall);
});

Deno.test("figures are told in Prometheus' text, with labels that cannot break it", () => {
  const text = metricFamily({ name: "a_total", type: "counter", help: "What." }, [
    { labels: { b: 'x"\n\\' }, value: 1.5 },
  ]);
  assert.equal(text, '# HELP a_total What.\n# TYPE a_total counter\na_total{b="x\\"\\n\\\\"} 1.5\n');
  assert.equal(metricFamily({ name: "a", type: "gauge", help: "" }, []), "");
  const table = "Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n" +
    "  eth0: 100 1 2 0 0 0 0 0 200 3 4 0 0 0 0 0\n";
  assert.deepEqual(parseInterfaces(table), [{
    ...{ name: "eth0", rxBytes: 100, rxPackets: 1, rxErrors: 2, rxDropped: 0 },
    ...{ txBytes: 200, txPackets: 3, txErrors: 4, txDropped: 0 },
  }]);
});

Deno.test("a token can be read by the pod's one user or its group, and by all only where it names neither", () => {
  const token = (spec: object, containers: { name: string }[]) => {
    const facts = {
      pod: podOf({ ...spec, containers }),
      podIps: [],
      hostIps: [],
      nodeAllocatable: {},
      configMap: () => undefined,
      secret: () => undefined,
      trustAnchors: () => "",
      token: () => "text",
    };
    const sources = [{ serviceAccountToken: { path: "token" } }];
    const { mode, owner } = payloadOf({ name: "v", projected: { sources } }, facts).get("token")!;
    return [mode.toString(8), owner];
  };
  const user = (runAsUser: number) => ({ name: `c${runAsUser}`, securityContext: { runAsUser } });
  assert.deepEqual(token({}, [{ name: "main" }]), ["644", undefined]);
  assert.deepEqual(token({}, [user(1)]), ["600", 1]);
  assert.deepEqual(token({}, [user(1), user(2)]), ["644", undefined]);
  assert.deepEqual(token({ securityContext: { fsGroup: 5 } }, [user(1), user(2)]), ["600", undefined]);
  assert.deepEqual(token({ securityContext: { runAsUser: 3 } }, [{ name: "main" }]), ["600", 3]);
});
