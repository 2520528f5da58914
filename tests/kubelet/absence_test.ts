/** An hour without the node, and an hour without the master: afterwards all is as if it had been told, by itself. */
import assert from "node:assert/strict";
import { Lease, Pod } from "../../runtime/schema/mod.ts";
import type { Client } from "../../runtime/loop/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { Gate } from "../support/gate.ts";
import type { TestHost } from "../support/host.ts";
import { agentHost, assertNothingLeft, containersOf, isReady, makePod, seen } from "./agent_host.ts";

const hourMs = 60 * 60_000;
/** It adds a line for each start to the diary, and crashes when it is told to. */
const script = `echo begun >> /diary/$(hostname); trap 'exit 0' TERM
  while [ ! -e /diary/crash-$(hostname) ]; do sleep 0.2 & wait $!; done; rm /diary/crash-$(hostname); exit 3`;

function create(client: Client, name: string, diary: string): Promise<void> {
  const volumeMounts = [{ name: "diary", mountPath: "/diary" }, { name: "memory", mountPath: "/memory" }];
  const volumes = [{ name: "diary", hostPath: { path: diary } }, { name: "memory", emptyDir: { medium: "Memory" } }];
  return makePod(client, name, { container: { command: ["sh", "-c", script], volumeMounts }, spec: { volumes } });
}

function remove(client: Client, name: string, gracePeriodSeconds: number) {
  return client.delete(Pod, { namespace: "default", name }, { gracePeriodSeconds });
}

const statusOf = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0];
const isBack = (pod: PodObject | undefined) => isReady(pod) && statusOf(pod)!.restartCount > 0;
const isGone = (pod: PodObject | undefined) => pod === undefined;

/** As the plug is pulled: docker, its shims and all containers at once, then what a machine forgets that was off. */
async function lose({ run }: TestHost, folder: string): Promise<void> {
  const script = `containers=$(docker ps -q | xargs docker inspect -f '{{.State.Pid}}')
    shims=$(for pid in $containers; do awk '/^PPid/ { print $2 }' /proc/$pid/status; done | sort -u)
    daemons="$(cat /run/docker.pid) $(cat /run/docker/containerd/containerd.pid)"
    kill -9 $daemons $shims $containers
    for pid in $daemons; do while [ -e /proc/$pid ]; do sleep 0.1; done; done
    grep -o " $1/[^ ]*" /proc/self/mountinfo | sort -r | xargs -r -n 1 umount
    grep -o ' /run/docker/[^ ]*' /proc/self/mountinfo | sort -r | xargs -r -n 1 umount
    ip link delete cni0
    rm -rf /run/docker /run/docker.pid`;
  await run(["sh", "-c", script, "lose", folder]);
}

Deno.test("the node was off for an hour: what should run does, what was deleted is gone, and the status says what happened", async () => {
  await using node = await agentHost();
  const { client, host } = node;
  const diary = `${host.folder}/diary`;
  await Deno.mkdir(diary);
  let agent = await node.start();
  await Promise.all(["stays", "forced", "asked"].map((name) => create(client, name, diary)));
  const [before] = await Promise.all(["stays", "forced", "asked"].map((name) => seen(client, name, isReady)));
  await agent.kill();
  await lose(host, host.folder);
  await remove(client, "forced", 0);
  await remove(client, "asked", 30);
  await create(client, "new", diary);

  await host.startDocker();
  agent = await node.start();
  await agent.tell(`clock ${hourMs}`);
  const after = await seen(client, "stays", isBack);
  await seen(client, "new", isReady);
  await seen(client, "asked", isGone);
  const { restartCount, lastState, containerID } = statusOf(after)!;
  assert.deepEqual([restartCount, lastState!.terminated!.containerID], [1, statusOf(before)!.containerID]);
  assert.notEqual(lastState!.terminated!.exitCode, 0);
  const running = (await host.run(["docker", "ps", "-q", "--no-trunc"])).stdout;
  assert.ok(running.includes(containerID!.replace("docker://", "")));
  assert.equal(running.trim().split("\n").length, 4);
  for (const name of ["stays", "new"]) await remove(client, name, 5);
  for (const name of ["stays", "new"]) await seen(client, name, isGone);
  await assertNothingLeft(host, "pods from before and after the hour were deleted");
  await agent.kill();
});

/** Resolves when the file has so many lines. `act` comes after the first look. */
async function linesIn(path: string, count: number, act: () => Promise<void>): Promise<void> {
  using watcher = Deno.watchFs(path);
  await act();
  const enough = async () => (await Deno.readTextFile(path)).trim().split("\n").length >= count;
  if (await enough()) return;
  for await (const _ of watcher) if (await enough()) return;
}

async function isRenewed(client: Client, resourceVersion: string): Promise<boolean> {
  for await (const event of client.watch(Lease, { resourceVersion, signal: AbortSignal.timeout(20_000) })) {
    if (event.type === "MODIFIED" && event.object.metadata.name === "n1") return true;
  }
  return false;
}

Deno.test("the master is away for an hour: pods go on and crashed ones run again; then all that was missed is caught up", async () => {
  await using node = await agentHost();
  const { client, host, server } = node;
  const diary = `${host.folder}/diary`;
  await Deno.mkdir(diary);
  const { hostname, port } = new URL(server.url);
  await using gate = await Gate.before({ hostname, port: Number(port) });
  const configuration = { nodeLeaseDurationSeconds: 4 };
  const agent = await node.start({ configuration, as: "node", server: `https://${hostname}:${gate.port}` });
  await Promise.all(["stays", "crashes", "forced", "asked"].map((name) => create(client, name, diary)));
  await Promise.all(["stays", "crashes", "forced", "asked"].map((name) => seen(client, name, isReady)));
  const untouched = async () => (await containersOf(host)).filter((line) => line.includes("_stays_"));
  const before = await untouched();

  await gate.shut();
  await agent.tell(`clock ${hourMs}`);
  await linesIn(`${diary}/crashes`, 2, () => Deno.writeTextFile(`${diary}/crash-crashes`, ""));
  await Promise.all([remove(client, "forced", 0), remove(client, "asked", 30), create(client, "new", diary)]);
  const missed = (await client.get(Lease, { namespace: "kube-node-lease", name: "n1" }))!.metadata.resourceVersion;
  assert.deepEqual(await untouched(), before);

  await gate.open();
  const crashed = await seen(client, "crashes", isBack);
  assert.deepEqual([statusOf(crashed)!.restartCount, statusOf(crashed)!.lastState!.terminated!.exitCode], [1, 3]);
  await seen(client, "new", isReady);
  await seen(client, "asked", isGone);
  assert.ok(await isRenewed(client, missed), "the node's Lease");
  assert.deepEqual(await untouched(), before);
  for (const name of ["stays", "crashes", "new"]) await remove(client, name, 5);
  for (const name of ["stays", "crashes", "new"]) await seen(client, name, isGone);
  await assertNothingLeft(host, "pods from before and after the hour were deleted");
  await agent.kill();
});
