/** What the node knows of itself. */
import assert from "node:assert/strict";
import { cgroupFigures, cgroupFolders, figuresV2 } from "../../controllers/kubelet/node/cgroup.ts";
import { metricFamily } from "../../controllers/kubelet/server/metric_text.ts";
import { parseInterfaces } from "../../controllers/kubelet/server/network_figures.ts";
import { payloadOf } from "../../controllers/kubelet/volumes/payload.ts";
import { podOf } from "../kubelet/pods.ts";

Deno.test("control groups are found in both versions, the first where a machine has both", async () => {
  const v1 = cgroupFolders("4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n2:pids:/docker/x\n0::/docker/x\n");
  assert.deepEqual(v1, {
    cpu: "/sys/fs/cgroup/cpuacct/docker/x",
    memory: "/sys/fs/cgroup/memory/docker/x",
    pids: "/sys/fs/cgroup/pids/docker/x",
    version: 1,
  });
  assert.equal(cgroupFolders("0::/system.slice/docker-x.scope\n")?.cpu, "/sys/fs/cgroup/system.slice/docker-x.scope");
  assert.equal(cgroupFolders(""), undefined);
  const own = await cgroupFigures(Deno.pid);
  assert.ok(own!.cpuNanoseconds > 0 && own!.memoryBytes >= own!.workingSetBytes && own!.workingSetBytes > 0);
});

Deno.test("a control group of the second version tells the same figures by other names", () => {
  const figures = figuresV2({
    cpu: "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
    usage: "10485760\n",
    stat: "anon 4194304\nfile 6291456\nkernel 65536\ninactive_anon 0\nactive_anon 4194304\ninactive_file 2097152\n" +
      "active_file 4194304\npgfault 1234\npgmajfault 5\n",
    pids: "3\n",
  });
  assert.deepEqual(figures, {
    cpuNanoseconds: 1_500_000_000,
    memoryBytes: 10_485_760,
    workingSetBytes: 8_388_608,
    rssBytes: 4_194_304,
    pageFaults: 1234,
    majorPageFaults: 5,
    processes: 3,
  });
});

Deno.test("figures are told in Prometheus' text, with labels that cannot break it", () => {
  const text = metricFamily({ name: "a_total", type: "counter", help: "What." }, [
    { labels: { b: 'x"\n\\' }, value: 1.5 },
  ]);
  assert.equal(text, '# HELP a_total What.\n# TYPE a_total counter\na_total{b="x\\"\\n\\\\"} 1.5\n');
  assert.equal(metricFamily({ name: "a", type: "gauge", help: "" }, []), "");
  const table = "Inter-|   Receive\n face |bytes\n    lo: 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0 0\n" +
    "  eth0: 100 1 2 0 0 0 0 0 200 3 4 0 0 0 0 0\n";
  assert.deepEqual(parseInterfaces(table), [{ name: "eth0", rxBytes: 100, rxErrors: 2, txBytes: 200, txErrors: 4 }]);
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
