/** Docker restarted under many pods, and the agent: who was stopped runs again; who was not goes on. */
import assert from "node:assert/strict";
import { Pod } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, assertNothingLeft, containersOf, isReady, seen } from "./agent_host.ts";

const names = Array.from({ length: 30 }, (_, i) => `pod-${i}`);
/** Ends at once when docker asks it to. */
const script = "trap 'exit 0' TERM; while true; do sleep 1 & wait; done";

function create({ client }: AgentHost, name: string): Promise<unknown> {
  const main = { name: "main", image: busyboxImage, command: ["sh", "-c", script] };
  const spec = { nodeName: "n1", automountServiceAccountToken: false, containers: [main] };
  return client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec } as never);
}

const restarts = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.restartCount;

Deno.test("docker is restarted under 30 pods: each runs again; the agent is restarted: none does", async () => {
  await using node = await agentHost();
  const { client, host } = node;
  let agent = await node.start();
  await Promise.all(names.map((name) => create(node, name)));
  await Promise.all(names.map((name) => seen(client, name, isReady)));
  await host.run(["sh", "-c", 'pid=$(cat /run/docker.pid); kill $pid; while [ -e "/proc/$pid" ]; do sleep 0.1; done']);
  await host.startDocker();
  await Promise.all(names.map((name) => seen(client, name, (pod) => isReady(pod) && restarts(pod)! > 0)));
  const before = await containersOf(host);

  await agent.kill();
  agent = await node.start();
  await create(node, "next");
  await seen(client, "next", isReady);
  const after = (await containersOf(host)).filter((line) => !line.includes("_next_"));
  assert.deepEqual(after, before);
  const all = [...names, "next"];
  await Promise.all(all.map((name) => client.delete(Pod, { namespace: "default", name }, { gracePeriodSeconds: 5 })));
  await Promise.all(all.map((name) => seen(client, name, (pod) => pod === undefined)));
  await assertNothingLeft(host, "30 pods were deleted");
  await agent.kill();
});
