/** Devices from plugins, in containers of a real docker. */
import assert from "node:assert/strict";
import { Node, Pod } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, containersOf, folderOf, isReady, makePod, seen } from "./agent_host.ts";
import { runCommand } from "../support/run_command.ts";
import { TestPlugin } from "./device_plugin.ts";

const thing = "test.d8s.io/thing";
const obeys = "trap 'exit 0' TERM; while true; do sleep 1 & wait; done";

function create({ client }: AgentHost, name: string, more: { count?: string; init?: boolean } = {}): Promise<void> {
  const { count = "1", init = false } = more;
  const resources = { limits: { [thing]: count } };
  const container = { name: "c", command: ["sh", "-c", obeys], resources };
  const first = { name: "i", image: busyboxImage, command: ["sh", "-c", "test -c /dev/thing"], resources };
  return makePod(client, name, { container, spec: { initContainers: init ? [first] : [] } });
}

/** The first state of the Node whose count of things, there and to be had, is this. */
async function counts({ client }: AgentHost, expected: readonly [capacity?: string, allocatable?: string]) {
  const signal = AbortSignal.timeout(20_000);
  let last: unknown;
  for await (const event of client.watch(Node, { signal })) {
    if (event.type === "BOOKMARK") continue;
    last = [event.object.status?.capacity?.[thing], event.object.status?.allocatable?.[thing]];
    if (String(last) === String(expected)) return;
  }
  assert.deepEqual(last, expected);
}

async function inside({ host }: AgentHost, name: string, command: string): Promise<string> {
  const line = (await containersOf(host)).find((one) => one.includes(`_c_${name}_`));
  return (await host.run(["docker", "exec", line!.split(" ")[1]!, "sh", "-c", command])).stdout.trim();
}

const waitingFor = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.state?.waiting?.message;

Deno.test("a plugin's devices are counted, given once each, kept over the agent's death, and free again", async () => {
  await using node = await agentHost();
  const { host, client } = node;
  let agent = await node.start();
  const folder = `${folderOf(host)}/device-plugins`;
  await seenSocket(`${folder}/kubelet.sock`);
  await using plugin = await TestPlugin.serve(folder, thing, ["a", "b"]);
  await assert.rejects(plugin.register({ version: "v2" }), /requested API version "v2" is not supported/);
  await assert.rejects(plugin.register({ endpoint: "../x.sock" }), /must be a socket's name/);
  await plugin.register();
  await counts(node, ["2", "2"]);

  await create(node, "one", { init: true });
  await seen(client, "one", isReady);
  await create(node, "two");
  await seen(client, "two", isReady);
  const things = [await inside(node, "one", "echo $THINGS"), await inside(node, "two", "echo $THINGS")];
  assert.deepEqual(things.toSorted(), ["a", "b"]);
  assert.equal(await inside(node, "one", "test -c /dev/thing && ls /thing-folder | grep kubelet"), "kubelet.sock");
  await create(node, "three");
  const refused = await seen(client, "three", (pod) => pod?.status?.phase === "Failed");
  assert.equal(refused!.status!.reason, `OutOf${thing}`);

  const before = await containersOf(host);
  await agent.kill();
  await Deno.remove(`${folder}/kubelet.sock`);
  agent = await node.start();
  await counts(node, ["0", "0"]);
  await seenSocket(`${folder}/kubelet.sock`);
  await plugin.register();
  await counts(node, ["2", "2"]);
  assert.deepEqual(await containersOf(host), before);
  await client.delete(Pod, { namespace: "default", name: "two" });
  await seen(client, "two", (pod) => pod === undefined);
  await create(node, "four");
  await seen(client, "four", isReady);
  assert.equal(await inside(node, "four", "echo $THINGS"), things[1]);
  plugin.sicken("a");
  await counts(node, ["2", "1"]);
  await agent.kill();
});

Deno.test("a device that CDI should give and no file describes is refused by its name", async () => {
  await using node = await agentHost();
  const agent = await node.start();
  const folder = `${folderOf(node.host)}/device-plugins`;
  await seenSocket(`${folder}/kubelet.sock`);
  await using plugin = await TestPlugin.serve(folder, thing, ["a"], true);
  await plugin.register();
  await counts(node, ["1", "1"]);
  await create(node, "cdi");
  const waits = await seen(node.client, "cdi", (pod) => waitingFor(pod) !== undefined);
  assert.match(waitingFor(waits)!, /unresolvable CDI device test.d8s.io\/cdi=0$/);
  await agent.kill();
});

const hasGo = (await runCommand(["sh", "-c", "command -v go"], { check: false })).code === 0;
if (!hasGo) console.log("skipped: there is no Go on this machine to build a device plugin with");

Deno.test({
  name: "a plugin built with Kubernetes' own bindings is asked which devices to give; an exporter is told who has them",
  ignore: !hasGo,
  async fn() {
    await using node = await agentHost();
    const program = `${node.host.folder}/device-plugin`;
    const cwd = `${import.meta.dirname}/go_device_plugin`;
    await runCommand(["go", "build", "-o", program, "."], { cwd });
    await runCommand(["go", "build", "-o", `${program}-exporter`, "./exporter"], { cwd });
    const agent = await node.start();
    const folder = `${folderOf(node.host)}/device-plugins`;
    await seenSocket(`${folder}/kubelet.sock`);
    const process = node.host.spawn([program, folder], { stderr: "piped", stdout: "null" });
    await counts(node, ["3", "3"]);
    await create(node, "user", { count: "2" });
    await seen(node.client, "user", isReady);
    assert.equal(
      await inside(node, "user", "echo $GIVEN; ls /dev | grep given"),
      "second third\ngiven-second\ngiven-third",
    );
    const socket = `${folderOf(node.host)}/pod-resources/kubelet.sock`;
    const { stdout } = await node.host.run([`${program}-exporter`, socket, "default", "user"]);
    const held = "default user c [test.d8s.io/thing[second] [] test.d8s.io/thing[third] [1]]";
    assert.deepEqual(stdout.trim().split("\n"), [
      ...[held, held],
      "rpc error: code = Unknown desc = pod nobody in namespace default not found",
      "[test.d8s.io/thing[first] [] test.d8s.io/thing[second] [] test.d8s.io/thing[third] [1]] [] []",
    ]);
    process.kill("SIGKILL");
    const { stderr } = await process.output();
    assert.match(new TextDecoder().decode(stderr), /prepared \[second third\]/);
    await counts(node, ["3", "0"]);
    await agent.kill();
  },
});

/** As plugins do it: by watching the folder. */
async function seenSocket(path: string): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf("/"));
  await Deno.mkdir(parent, { recursive: true });
  using watcher = Deno.watchFs(parent);
  const isThere = async () => (await Deno.lstat(path).catch(() => undefined))?.isSocket;
  if (await isThere()) return;
  for await (const _ of watcher) if (await isThere()) return;
}
