/** What the node knows of itself. */
import assert from "node:assert/strict";
import { cgroupFigures, cgroupFolders } from "../../controllers/kubelet/node/cgroup.ts";
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
