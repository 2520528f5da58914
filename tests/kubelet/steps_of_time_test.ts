/** Time that jumps under an agent, and an agent that was away: what runs goes on running. */
import assert from "node:assert/strict";
import { Pod } from "../../runtime/schema/mod.ts";
import { type AgentHost, agentHost, assertNothingLeft, containersOf, isReady, makePod, seen } from "./agent_host.ts";

const hourMs = 60 * 60_000;

async function create({ client }: AgentHost, name: string): Promise<void> {
  await makePod(client, name, { container: { readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 } } });
  await seen(client, name, isReady);
}

async function remove({ client }: AgentHost, name: string): Promise<void> {
  await client.delete(Pod, { namespace: "default", name });
  await seen(client, name, (pod) => pod === undefined);
}

Deno.test("the clock steps an hour ahead and back, the agent is away: containers and their start times stay", async () => {
  await using node = await agentHost();
  let agent = await node.start();
  await create(node, "lasting");
  const before = await containersOf(node.host);
  for (const ms of [hourMs, -hourMs]) {
    await agent.tell(`clock ${ms}`);
    await create(node, "passing");
    await remove(node, "passing");
    assert.deepEqual(await containersOf(node.host), before, `a step of ${ms} ms`);
  }
  await agent.kill();
  await node.client.delete(Pod, { namespace: "default", name: "lasting" }, { gracePeriodSeconds: 0 });
  assert.deepEqual(await containersOf(node.host), before, "nobody is there who could stop it");
  agent = await node.start();
  await create(node, "next");
  await remove(node, "next");
  await assertNothingLeft(node.host, "a pod that was deleted while the agent was away");
  await agent.kill();
});
