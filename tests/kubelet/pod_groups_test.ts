/** A control group for each pod, on a real docker: what containers share, what a resize does, and that nothing stays. */
import assert from "node:assert/strict";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { Event, type Json, Node, Pod } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, assertNothingLeft, groupsOf, isReady, makePod, seen } from "./agent_host.ts";

const mebi = 2 ** 20;
const never = { restartPolicy: "Never" };

/** A container that holds so much memory, in one process. */
function holding(name: string, mebibytes: number): object {
  const bytes = mebibytes * mebi;
  const script = `mkfifo /f; (head -c ${bytes} /dev/zero; sleep 100000) > /f & exec tail -c ${bytes} /f > /dev/null`;
  return { name, image: busyboxImage, command: ["sh", "-c", script] };
}

/** Files of the pod's group, by the names of version 1 or else of version 2. */
async function limitsOf({ host }: AgentHost, { metadata }: PodObject): Promise<string[]> {
  const script = `for name in cpu.cfs_quota_us:cpu.max memory.limit_in_bytes:memory.max pids.max:pids.max; do
      cat $(find /sys/fs/cgroup -path "*$1/*pod$2/\${name%:*}" -o -path "*$1/*pod$2/\${name#*:}")
    done`;
  const { stdout } = await host.run(["sh", "-c", script, "limits", groupsOf(host), metadata.uid]);
  return stdout.trim().split("\n").map((line) => line.replace(/ 100000$/, ""));
}

function ended(pod: PodObject | undefined, name?: string) {
  const statuses = pod?.status?.containerStatuses ?? [];
  return statuses.find((one) => one.state?.terminated && name === (name && one.name))?.state?.terminated;
}

async function gone({ client, host }: AgentHost, name: string): Promise<void> {
  await client.delete(Pod, { namespace: "default", name });
  await seen(client, name, (pod) => pod === undefined);
  await assertNothingLeft(host, name);
}

Deno.test("containers share the memory and the processes of their pod: who takes too much is told of, the other runs on", async () => {
  await using node = await agentHost();
  const agent = await node.start({ configuration: { podPidsLimit: 25 } });
  const resources = { limits: { cpu: "1", memory: "64Mi" } };
  // Neither is above its own limit, which is the pod's; both together are, and the larger one has to go.
  const containers = [holding("much", 50), holding("some", 20), holding("none", 1)];
  await makePod(node.client, "eaten", { spec: { ...never, resources, containers } });
  const eaten = (await seen(node.client, "eaten", (pod) => ended(pod) !== undefined))!;
  assert.deepEqual(await limitsOf(node, eaten), ["100000", String(64 * mebi), "25"]);
  const { exitCode, reason } = ended(eaten, "much")!;
  assert.deepEqual([exitCode, reason], [137, "OOMKilled"]);
  assert.ok(eaten.status!.containerStatuses!.find(({ name }) => name === "some")!.state!.running);
  await node.host.run(["sh", "-c", "docker exec $(docker ps -q --filter name=k8s_some_) killall sleep"]);
  const both = await seen(node.client, "eaten", (pod) => ended(pod, "some") !== undefined);
  assert.equal(ended(both, "some")!.reason, "Completed");
  await gone(node, "eaten");

  const script = "i=0; while [ $i -lt 15 ]; do sleep 100000 & i=$((i+1)); done; wait";
  const forking = (name: string) => ({ name, image: busyboxImage, command: ["sh", "-c", script] });
  await makePod(node.client, "forked", { spec: { ...never, containers: [forking("a"), forking("b")] } });
  const forked = await seen(node.client, "forked", (pod) => ended(pod) !== undefined);
  assert.equal(ended(forked)!.exitCode, 2, "its shell can't fork");
  await gone(node, "forked");
  const { items } = await node.client.list(Event, { namespace: "default" });
  assert.ok(!items.some((event) => event.reason === "PodLimitsNotShared"));
  await agent.kill();
});

Deno.test("a resize takes the pod's group along, up and down, over the death of the agent", async () => {
  await using node = await agentHost();
  const { client } = node;
  let agent = await node.start();
  const amounts = (cpu: string, memory: string) => ({ requests: { cpu, memory }, limits: { cpu, memory } });
  await makePod(client, "web", { container: { resources: amounts("200m", "64Mi") } });
  const web = (await seen(client, "web", isReady))!;
  assert.deepEqual(await limitsOf(node, web), ["20000", String(64 * mebi), "max"]);
  const resized = async (cpu: string, memory: string) => {
    const body = { spec: { containers: [{ name: "main", resources: amounts(cpu, memory) }] } } as Json;
    const ref = { namespace: "default", name: "web" };
    const { metadata } = await client.patch(Pod, ref, { type: "strategic", body }, { subresource: "resize" });
    const inForce = (pod: PodObject | undefined) =>
      pod!.status!.observedGeneration === metadata.generation &&
      pod!.status!.containerStatuses![0]!.resources?.limits?.memory === memory &&
      !pod!.status!.conditions!.some(({ type }) => type.startsWith("PodResize"));
    return (await seen(client, "web", inForce))!;
  };
  await resized("300m", "96Mi");
  assert.deepEqual(await limitsOf(node, web), ["30000", String(96 * mebi), "max"]);
  await agent.kill();
  agent = await node.start();
  const last = await resized("100m", "32Mi");
  assert.deepEqual(await limitsOf(node, web), ["10000", String(32 * mebi), "max"]);
  assert.equal(last.status!.containerStatuses![0]!.restartCount, 0);
  await gone(node, "web");
  await agent.kill();
});

Deno.test("where control groups can't be made pods run all the same, and the Node and an Event say what they lack", async () => {
  await using node = await agentHost();
  const { client } = node;
  // No group can be made in a file.
  const agent = await node.start({ configuration: { cgroupRoot: "/cgroup.procs/no" } });
  const resources = { limits: { memory: "64Mi" } };
  await makePod(client, "web", { spec: { resources, containers: [holding("a", 1), holding("b", 1)] } });
  const web = (await seen(client, "web", isReady))!;
  const { conditions } = (await client.get(Node, { name: "n1" }))!.status!;
  const lack = conditions!.find(({ type }) => type === "PodCgroupsMissing");
  assert.match(`${lack?.status} ${lack?.message}`, /^True pods have no control groups \(.*cgroup\.procs/);
  const signal = AbortSignal.timeout(10_000);
  for await (const event of client.watch(Event, { namespace: "default", signal })) {
    if (event.type !== "BOOKMARK" && event.object.reason === "PodLimitsNotShared") break;
  }
  signal.throwIfAborted();
  assert.equal(web.status!.containerStatuses!.length, 2);
  await gone(node, "web");
  await agent.kill();
});
