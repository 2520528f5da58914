/** What the node knows of itself, and whom it asks to go when it runs short. Pure. */
import assert from "node:assert/strict";
import { planImages } from "../../controllers/kubelet/images/image_gc.ts";
import { cgroupFigures, cgroupFolders } from "../../controllers/kubelet/node/cgroup.ts";
import { type Candidate, planEviction } from "../../controllers/kubelet/node/eviction_plan.ts";
import { metricFamily } from "../../controllers/kubelet/server/metric_text.ts";
import { parseInterfaces } from "../../controllers/kubelet/server/network_figures.ts";
import { payloadOf } from "../../controllers/kubelet/volumes/payload.ts";
import { noon, podOf } from "../kubelet/pods.ts";

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

const memory = { resource: "memory", available: 50 << 20, threshold: 100 << 20 };

function candidate(name: string, usedMi: number, spec: { priority?: number; requestMi?: number }): Candidate {
  const { priority, requestMi } = spec;
  const resources = requestMi === undefined ? {} : { requests: { memory: `${requestMi}Mi` } };
  const pod = podOf({ priority, containers: [{ name: "main", resources }] });
  const metadata = { ...pod.metadata, name, uid: name };
  return { pod: { ...pod, metadata }, memoryBytes: usedMi << 20, processes: 1 };
}

Deno.test("who uses more than was asked for goes first, then the less important, then the furthest above", () => {
  const all = [
    candidate("within", 90, { requestMi: 100 }),
    candidate("important", 900, { requestMi: 100, priority: 10 }),
    candidate("above", 200, { requestMi: 100 }),
    candidate("far above", 300, { requestMi: 100 }),
    candidate("critical", 5000, { priority: 2_000_000_000 }),
  ];
  const order: string[] = [];
  for (let left = all; left.length > 0;) {
    const eviction = planEviction([memory], left);
    if (!eviction) break;
    order.push(eviction.pod.metadata.name);
    left = left.filter(({ pod }) => pod !== eviction.pod);
  }
  assert.deepEqual(order, ["far above", "above", "important", "within"]);
});

Deno.test("nobody goes while there is enough, and the message names what there was too little of", () => {
  const pods = [candidate("one", 10, {})];
  assert.equal(planEviction([{ ...memory, available: 200 << 20 }], pods), undefined);
  assert.equal(
    planEviction([memory], pods)?.message,
    "The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ",
  );
});

Deno.test("unused images go oldest first until enough is free, and none that was used a moment ago", () => {
  const image = (id: string) => ({ id, tags: [], digests: [], sizeBytes: 100, labels: {}, user: "" });
  const minutes = (count: number) => noon - count * 60_000;
  const unused = [
    { image: image("new"), since: minutes(1) },
    { image: image("old"), since: minutes(30) },
    { image: image("oldest"), since: minutes(60) },
    { image: image("older"), since: minutes(45) },
  ];
  assert.deepEqual(planImages(unused, 150, noon).map(({ id }) => id), ["oldest", "older"]);
  assert.deepEqual(planImages(unused, 10_000, noon).map(({ id }) => id), ["oldest", "older", "old"]);
  assert.deepEqual(planImages(unused, 0, noon), []);
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
