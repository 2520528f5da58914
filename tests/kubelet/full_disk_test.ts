/** The disk under docker fills: the node says so, makes room, and is well again. */
import assert from "node:assert/strict";
import { Node, Pod } from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { agentHost, assertNothingLeft, containersOf, isReady, makePod, seen } from "./agent_host.ts";

const diskMebibytes = 128;
const configuration = {
  evictionHard: { "imagefs.available": "48Mi" },
  evictionPressureTransitionPeriod: "4s",
  imageMinimumGCAge: "1s",
  nodeStatusUpdateFrequency: "1s",
};

function create(client: Client, name: string, script: string, spec: object = {}): Promise<void> {
  return makePod(client, name, { container: { command: ["sh", "-c", `${script}; exec sleep 100000`] }, spec });
}

/** Resolves when the Node has said since `resourceVersion` that its disk runs short, and then that it does not. */
async function pressureComesAndGoes(client: Client, resourceVersion: string): Promise<void> {
  const said = new Set<string>();
  for await (const event of client.watch(Node, { resourceVersion, signal: AbortSignal.timeout(40_000) })) {
    if (event.type !== "MODIFIED") continue;
    const pressure = event.object.status?.conditions?.find(({ type }) => type === "DiskPressure")?.status ?? "";
    if (pressure === "False" && said.has("True")) return;
    said.add(pressure);
  }
  throw new Error(`of the disk's pressure the Node said: ${[...said].join(", ")}`);
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

  const { resourceVersion } = (await client.get(Node, { name: "n1" }))!.metadata;
  const told = pressureComesAndGoes(client, resourceVersion);
  told.catch(() => {});
  await create(client, "filling", "dd if=/dev/zero of=/blob bs=1M count=90");
  const evicted = await seen(client, "filling", isEvicted);
  assert.match(evicted!.status!.message!, /^The node was low on resource: ephemeral-storage\./);
  assert.doesNotMatch(await images(), /unused/);
  await told;
  assert.deepEqual((await containersOf(host)).filter((line) => !line.includes("_filling_")), before);
  await create(client, "next", "true");
  await seen(client, "next", isReady);
  for (const name of ["quiet", "filling", "next"]) await client.delete(Pod, { namespace: "default", name });
  for (const name of ["quiet", "filling", "next"]) await seen(client, name, (pod) => pod === undefined);
  await assertNothingLeft(host, "the disk was full once");
  await agent.kill();
});
