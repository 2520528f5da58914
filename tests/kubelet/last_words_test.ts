/** What containers leave when they end, and what a command that hangs leaves: on a real docker. */
import assert from "node:assert/strict";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { fitMessage } from "../../controllers/kubelet/pod/message_room.ts";
import { Event } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, makePod, seen } from "./agent_host.ts";
import { podOf } from "./pods.ts";

interface Ending {
  readonly name: string;
  readonly script: string;
  readonly policy?: string;
}

/** What each container of a pod said last, by its name. */
async function wordsOf({ client }: AgentHost, pod: string, endings: readonly Ending[]): Promise<Map<string, string>> {
  const containers = endings.map(({ name, script, policy = "FallbackToLogsOnError" }) => ({
    ...{ name, image: busyboxImage, command: ["sh", "-c", script] },
    terminationMessagePolicy: policy,
  }));
  await makePod(client, pod, { spec: { containers, restartPolicy: "Never" } });
  const isOver = (one: PodObject | undefined) => ["Succeeded", "Failed"].includes(one?.status?.phase ?? "");
  const { status } = (await seen(client, pod, isOver))!;
  return new Map(status!.containerStatuses!.map(({ name, state }) => [name, state!.terminated!.message ?? ""]));
}

/** Resolves when so many looks of a probe took too long. */
async function timedOut({ client }: AgentHost, times: number): Promise<void> {
  for await (const event of client.watch(Event, { namespace: "default", signal: AbortSignal.timeout(60_000) })) {
    if (event.type === "BOOKMARK") continue;
    const { reason, count = 1 } = event.object;
    if (reason === "Unhealthy" && count >= times) return;
  }
  throw new Error("the probe did not time out");
}

const bytesOf = (text: string | undefined) => new TextEncoder().encode(text).length;
const file = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' x > /dev/termination-log`;

Deno.test("last words are the end of a file or of a log, each within its bounds; who hangs in a probe is hung up", async () => {
  await using node = await agentHost();
  const { client, host } = node;
  const agent = await node.start();
  const long = "for i in $(seq 200); do echo row $i äöü and not at all short; done";
  const words = await wordsOf(node, "words", [
    { name: "file", script: `${file(6000)}; exit 1` },
    { name: "log", script: `${long}; exit 1` },
    { name: "lines", script: "for i in $(seq 200); do echo $i; done; exit 1" },
  ]);
  assert.equal(bytesOf(words.get("file")), 4096);
  const log = words.get("log")!;
  assert.ok(bytesOf(log) <= 2048 + 2 && bytesOf(log) > 2000, "a character that was cut is one of three bytes");
  assert.ok(log.endsWith("row 200 äöü and not at all short\n"));
  assert.equal(words.get("lines"), Array.from({ length: 80 }, (_, i) => `${i + 121}\n`).join(""));
  const silent = await wordsOf(node, "silent", [
    { name: "well", script: "echo fine" },
    { name: "asked-for-none", script: "echo broken; exit 1", policy: "File" },
  ]);
  assert.deepEqual([...silent.values()], ["", ""]);
  const many = await wordsOf(node, "many", ["a", "b", "c", "d"].map((name) => ({ name, script: file(4096) })));
  assert.deepEqual([...many.values()].map(bytesOf), [3072, 3072, 3072, 3072]);

  const readinessProbe = { exec: { command: ["sleep", "54321"] }, periodSeconds: 1, timeoutSeconds: 1 };
  await makePod(client, "hung", { container: { readinessProbe } });
  await timedOut(node, 5);
  const id = (await host.run(["docker", "ps", "-q", "--filter", "name=k8s_main_hung"])).stdout.trim();
  const { stdout } = await host.run(["docker", "top", id, "-o", "pid,args"]);
  assert.ok(stdout.split("sleep 54321").length - 1 <= 2, stdout);
  await agent.kill();
});

Deno.test("no character of a message is cut in two, and a pod of twelve has a kilobyte for each", () => {
  const pod = podOf({ containers: Array.from({ length: 12 }, (_, i) => ({ name: `c${i}`, image: "i" })) });
  assert.equal(bytesOf(fitMessage(pod, "x".repeat(4096))), 1024);
  assert.equal(fitMessage(pod, `x${"ä".repeat(600)}`), `x${"ä".repeat(511)}`);
  assert.equal(fitMessage(pod, undefined), undefined);
});
