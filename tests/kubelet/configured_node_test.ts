/** A KubeletConfiguration in force, on a real docker: what pods find, and who is evicted. */
import assert from "node:assert/strict";
import { Event, Node, Pod } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, containersOf, folderOf, groupsOf, isReady, seen } from "./agent_host.ts";

const configuration = {
  nodeStatusUpdateFrequency: "1s",
  maxPods: 7,
  systemReserved: { cpu: "100m" },
  registerWithTaints: [{ key: "mine", value: "yes", effect: "PreferNoSchedule" }],
  clusterDNS: ["10.9.8.7"],
  clusterDomain: "test.local",
  podPidsLimit: 123,
  seccompDefault: true,
  containerLogMaxSize: "1Mi",
  containerLogMaxFiles: 3,
  topologyManagerScope: "pod",
};

const waits = "trap 'exit 0' TERM; while true; do sleep 1 & wait; done";

async function run({ client }: AgentHost, name: string, more: { script?: string; resources?: object } = {}) {
  const { script = waits, resources } = more;
  const volumeMounts = [{ name: "scratch", mountPath: "/scratch" }];
  const container = { name: "c", image: busyboxImage, command: ["sh", "-c", script], resources, volumeMounts };
  const volumes = [{ name: "scratch", emptyDir: { sizeLimit: "1Mi" } }];
  const spec = { nodeName: "n1", automountServiceAccountToken: false, containers: [container], volumes };
  const metadata = { name, namespace: "default" };
  await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec } as never);
}

const isEvicted = (pod: PodObject | undefined) => pod?.status?.reason === "Evicted";

/** The files say it, and not only the API: what the container sees and what docker was told. */
async function assertInForce({ host }: AgentHost): Promise<void> {
  const [id = ""] = (await containersOf(host)).filter((line) => line.includes("_c_web_")).map((line) =>
    line.split(" ")[1]!
  );
  const { stdout } = await host.run(["docker", "exec", id, "cat", "/etc/resolv.conf", "/proc/1/status"]);
  assert.match(stdout, /^nameserver 10\.9\.8\.7\nsearch default\.svc\.test\.local /);
  assert.match(stdout, /^Seccomp:\t2$/m);
  const format = "{{json .HostConfig.LogConfig.Config}}";
  const inspected = await host.run(["docker", "inspect", "-f", format, id]);
  const find = `find /sys/fs/cgroup -regex '.*${groupsOf(host)}/.*/pod[^/]*/pids.max'`;
  const pids = await host.run(["sh", "-c", `cat $(${find})`]);
  assert.equal(pids.stdout.trim(), "123");
  assert.equal(inspected.stdout.trim(), '{"max-file":"3","max-size":"1048576"}');
}

Deno.test("a KubeletConfiguration is in force: the Node, pods and docker show it, and what is not honoured is told", async () => {
  await using node = await agentHost();
  const agent = await node.start({ configuration });
  await run(node, "web");
  await seen(node.client, "web", isReady);
  await assertInForce(node);
  const { spec, status } = (await node.client.get(Node, { name: "n1" }))!;
  assert.ok(spec?.taints?.some(({ key, value }) => key === "mine" && value === "yes"));
  assert.deepEqual([status?.capacity?.pods, status?.allocatable?.pods], ["7", "7"]);
  assert.equal(status?.allocatable?.cpu, `${Number(status?.capacity?.cpu) * 1000 - 100}m`);
  await told(node, /not honoured of the kubelet's configuration: topologyManagerScope$/);

  await run(node, "hoarder", { script: `dd if=/dev/zero of=/scratch/much bs=1M count=2; ${waits}` });
  const hoarder = await seen(node.client, "hoarder", isEvicted);
  assert.equal(hoarder!.status!.message, 'Usage of EmptyDir volume "scratch" exceeds the limit "1Mi". ');
  const volume = `${folderOf(node.host)}/pods/${hoarder!.metadata.uid}/volumes`;
  await removed(node, "hoarder");
  await assert.rejects(Deno.stat(volume), Deno.errors.NotFound);
  const resources = { limits: { "ephemeral-storage": "1Mi" } };
  await run(node, "writer", { script: `dd if=/dev/zero of=/much bs=1M count=2; ${waits}`, resources });
  const writer = await seen(node.client, "writer", isEvicted);
  assert.match(writer!.status!.message!, /exceeds the total limit of containers 1Mi\. $/);
  assert.ok(isReady(await node.client.get(Pod, { namespace: "default", name: "web" }) as PodObject));
  await agent.kill();
});

Deno.test("a pod that has ended gives its volumes back, and keeps its last words and its log", async () => {
  await using node = await agentHost();
  const agent = await node.start();
  const container = {
    name: "c",
    image: busyboxImage,
    command: ["sh", "-c", "echo logged; echo last words > /dev/termination-log"],
    volumeMounts: [{ name: "m", mountPath: "/m" }],
  };
  const volumes = [{ name: "m", emptyDir: { medium: "Memory" } }];
  const own = { nodeName: "n1", automountServiceAccountToken: false, restartPolicy: "Never" };
  const spec = { ...own, containers: [container], volumes };
  const metadata = { name: "job", namespace: "default" };
  await node.client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec } as never);
  const job = await seen(node.client, "job", (pod) => pod?.status?.phase === "Succeeded");
  assert.equal(job!.status!.containerStatuses![0]!.state!.terminated!.message, "last words\n");
  const pod = `${folderOf(node.host)}/pods/${job!.metadata.uid}`;
  const { stdout } = await node.host.run(["cat", "/proc/self/mountinfo"]);
  assert.equal(stdout.includes(pod), false, "its memory is free");
  assert.ok((await Deno.stat(`${pod}/containers/c/message-0`)).isFile);
  const [id = ""] = (await containersOf(node.host)).filter((line) => line.includes("_c_job_")).map((line) =>
    line.split(" ")[1]!
  );
  assert.equal((await node.host.run(["docker", "logs", id])).stdout, "logged\n");
  await agent.kill();
});

Deno.test("a soft threshold evicts after its grace, and the Node tells its pressure", async () => {
  await using node = await agentHost();
  const configuration = {
    nodeStatusUpdateFrequency: "1s",
    evictionHard: {},
    evictionSoft: { "memory.available": "100%" },
    evictionSoftGracePeriod: { "memory.available": "2s" },
  };
  const agent = await node.start({ configuration });
  // A node that is short of memory takes who says how much he needs.
  await run(node, "victim", {
    resources: { requests: { memory: "1Mi" } },
    script: "trap '' TERM; while true; do sleep 1 & wait; done",
  });
  const victim = await seen(node.client, "victim", isEvicted);
  assert.match(
    victim!.status!.message!,
    /^The node was low on resource: memory\. Threshold quantity: \d+Ki, available/,
  );
  const target = victim!.status!.conditions!.find(({ type }) => type === "DisruptionTarget");
  assert.equal(target?.reason, "TerminationByKubelet");
  const signal = AbortSignal.timeout(20_000);
  for await (const event of node.client.watch(Node, { signal })) {
    if (event.type === "BOOKMARK" || event.type === "DELETED") continue;
    const pressure = event.object.status?.conditions?.find(({ type }) => type === "MemoryPressure");
    if (pressure?.status === "True") break;
  }
  assert.equal(signal.aborted, false, "the Node told no pressure");
  await agent.kill();
});

/** Also when it was before. */
async function removed({ host }: AgentHost, name: string): Promise<void> {
  const filters = ["event=destroy", `label=io.kubernetes.pod.name=${name}`, "label=io.kubernetes.container.name=c"];
  const words = ["docker", "events", "--since", "1h", ...filters.flatMap((one) => ["--filter", one])];
  const events = host.spawn(["timeout", "20", ...words]);
  const { done } = await events.stdout.getReader().read();
  assert.equal(done, false, `the container of ${name} stayed`);
  events.kill();
  await events.status;
}

async function told({ client }: AgentHost, message: RegExp): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  for await (const event of client.watch(Event, { signal })) {
    if (event.type !== "BOOKMARK" && message.test(event.object.message ?? "")) return;
  }
  throw new Error(`no Event says ${message}`);
}
