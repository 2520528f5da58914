/** The disk under docker fills: the node says so, makes room, and is well again. */
import assert from "node:assert/strict";
import type { INode } from "kubernetes-models/v1/Node";
import { Node, Pod } from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { agentHost, assertNothingLeft, containersOf, isReady, seen } from "./agent_host.ts";

const diskMebibytes = 128;
const configuration = {
  evictionHard: { "imagefs.available": "48Mi" },
  evictionPressureTransitionPeriod: "1s",
  imageMinimumGCAge: "1s",
  nodeStatusUpdateFrequency: "1s",
};

async function create(client: Client, name: string, script: string, more: object = {}): Promise<void> {
  const main = { name: "main", image: busyboxImage, command: ["sh", "-c", `${script}; exec sleep 100000`] };
  const spec = {
    nodeName: "n1",
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    containers: [main],
    ...more,
  };
  await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: "default" }, spec } as never);
}

/** Resolves when the Node says that there is no pressure on its disk. */
async function diskIsWell(client: Client): Promise<void> {
  const isWell = (node: INode | undefined) =>
    node?.status?.conditions?.some(({ type, status }) => type === "DiskPressure" && status === "False") ?? false;
  const present = (await client.get(Node, { name: "n1" }))!;
  if (isWell(present)) return;
  const { resourceVersion } = present.metadata;
  for await (const event of client.watch(Node, { resourceVersion, signal: AbortSignal.timeout(30_000) })) {
    if (event.type === "MODIFIED" && isWell(event.object)) return;
  }
  throw new Error("the disk's pressure did not end");
}

const isEvicted = (pod: PodObject | undefined) => pod?.status?.phase === "Failed" && pod.status.reason === "Evicted";

Deno.test("the disk fills: unused images go, then who fills it, nobody else; the node is well again by itself", async () => {
  await using node = await agentHost({ dockerDiskMebibytes: diskMebibytes });
  const { client, host } = node;
  await host.run(["sh", "-c", "head -c 30M /dev/urandom > /run/blob; tar -C /run -c blob | docker import - unused:1"]);
  const images = async () => (await host.run(["docker", "images", "--format", "{{.Repository}}"])).stdout;
  assert.match(await images(), /unused/);
  const agent = await node.start({ configuration });
  await create(client, "quiet", "true");
  await seen(client, "quiet", isReady);
  const before = await containersOf(host);

  await create(client, "filling", "dd if=/dev/zero of=/blob bs=1M count=90");
  const evicted = await seen(client, "filling", isEvicted);
  assert.match(evicted!.status!.message!, /^The node was low on resource: ephemeral-storage\./);
  assert.doesNotMatch(await images(), /unused/);
  await diskIsWell(client);
  assert.deepEqual((await containersOf(host)).filter((line) => !line.includes("_filling_")), before);
  await create(client, "next", "true");
  await seen(client, "next", isReady);
  for (const name of ["quiet", "filling", "next"]) await client.delete(Pod, { namespace: "default", name });
  for (const name of ["quiet", "filling", "next"]) await seen(client, name, (pod) => pod === undefined);
  await assertNothingLeft(host, "the disk was full once");
  await agent.kill();
});
