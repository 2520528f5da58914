/** Somebody with a docker of his own kills and removes what the agent runs: it comes back, and the status says so. */
import assert from "node:assert/strict";
import { Pod } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { type AgentHost, agentHost, assertNothingLeft, isReady, makePod, seen } from "./agent_host.ts";

async function create({ client }: AgentHost, name: string): Promise<void> {
  await makePod(client, name);
  await seen(client, name, isReady);
}

const statusOf = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0];
const runsAgain = (pod: PodObject | undefined) => isReady(pod) && statusOf(pod)!.restartCount === 1;

/** What is done to which container of a pod. */
const deeds: readonly (readonly [name: string, container: string, command: string])[] = [
  ["killed", "main", "docker kill"],
  ["stopped", "main", "docker stop -t 0"],
  ["removed", "main", "docker rm -f"],
  ["sandbox-killed", "POD", "docker kill"],
  ["sandbox-removed", "POD", "docker rm -f"],
];

Deno.test("a container or sandbox that is killed or removed from outside runs again, and its end is told", async (t) => {
  await using node = await agentHost();
  const { client, host } = node;
  const agent = await node.start();
  await create(node, "untouched");
  for (const [name, container, command] of deeds) {
    await t.step(`${command} of ${container}`, async () => {
      await create(node, name);
      const victim = `docker ps -q -f name=k8s_${container}_${name}_ | xargs ${command}`;
      await host.run(["sh", "-c", victim]);
      const after = statusOf(await seen(client, name, runsAgain))!;
      const { exitCode, reason = "" } = after.lastState?.terminated ?? {};
      assert.equal(exitCode, 137);
      // Who removes may be so quick that nobody sees how it ended.
      assert.match(reason, command === "docker rm -f" ? /^(Error|ContainerStatusUnknown)$/ : /^Error$/);
      const named = await host.run(["docker", "ps", "-q", "-f", `name=_${name}_`]);
      assert.equal(named.stdout.trim().split("\n").length, 2);
    });
  }
  const names = ["untouched", ...deeds.map(([name]) => name)];
  assert.equal(statusOf(await seen(client, "untouched", isReady))!.restartCount, 0);
  for (const name of names) await client.delete(Pod, { namespace: "default", name });
  for (const name of names) await seen(client, name, (pod) => pod === undefined);
  await assertNothingLeft(host, "all pods were deleted");
  await agent.kill();
});
