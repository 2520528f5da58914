/** The agent killed -9 at every place that it passes in a pod's life, on a real docker. */
import assert from "node:assert/strict";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { ConfigMap, Pod } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import {
  type AgentHost,
  agentHost,
  AgentProcess,
  assertNothingLeft,
  containersOf,
  isReady,
  seen,
} from "./agent_host.ts";

/** A pod with all that a life has: init, hooks, a probe, files that the agent writes, memory, a folder of the host. */
function podWithAll(name: string, diary: string): PodObject {
  const write = (word: string) => `echo ${word} >> /diary/${name}`;
  const mounts = [{ name: "diary", mountPath: "/diary" }, { name: "config", mountPath: "/config" }];
  const script = `cat /config/a || exit 1; ${write("main")}; trap 'exit 0' TERM; while true; do sleep 1 & wait; done`;
  const hook = (word: string) => ({ exec: { command: ["sh", "-c", write(word)] } });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      nodeName: "n1",
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 5,
      initContainers: [
        { name: "init", image: busyboxImage, command: ["sh", "-c", write("init")], volumeMounts: mounts },
      ],
      containers: [{
        name: "main",
        image: busyboxImage,
        command: ["sh", "-c", script],
        env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
        volumeMounts: [...mounts, { name: "memory", mountPath: "/memory" }],
        lifecycle: { postStart: hook("begun"), preStop: hook("asked") },
        readinessProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
      }],
      volumes: [
        { name: "diary", hostPath: { path: diary } },
        { name: "config", configMap: { name: "config" } },
        { name: "memory", emptyDir: { medium: "Memory" } },
      ],
    },
  } as unknown as PodObject;
}

/** What it does before it looks at any pod, or for all of them. */
const atStart =
  /mkdir (pods|plugins_registry|device-plugins|pod-resources)$|CONTROLLER\/[^/]+(\/kubepods(\/(burstable|besteffort))?)?(\/[a-z._]+)?$/;

interface Life {
  readonly node: AgentHost;
  readonly diary: string;
  /** The agent as it is now: after a death, the next one. */
  agent: AgentProcess;
}

/** From creation to nothing. */
async function live({ node: { client, host }, diary }: Life, name: string): Promise<void> {
  await client.create(Pod, podWithAll(name, diary) as never);
  const ready = await seen(client, name, isReady);
  const containers = await containersOf(host);
  assert.deepEqual(containers.map((line) => line.split("_")[1]).sort(), ["POD", "init", "main"]);
  assert.equal(ready!.status!.containerStatuses![0]!.restartCount, 0);
  await client.delete(Pod, { namespace: "default", name });
  await seen(client, name, (pod) => pod === undefined);
}

/** Dies at the place, once, and is followed by another agent. */
async function dieAt(life: Life, place: string): Promise<void> {
  await life.agent.tell(`die ${place}`);
  await life.agent.ended();
  life.agent = await life.node.start();
}

/** How often each process of the pod was started. */
async function assertRanOnce({ diary }: Life, name: string): Promise<void> {
  const told = (await Deno.readTextFile(`${diary}/${name}`)).trim().split("\n");
  const count = (word: string) => told.filter((line) => line === word).length;
  assert.deepEqual([count("init"), count("main")], [1, 1], told.join(" "));
}

Deno.test("the agent dies at each step of a pod's life: the pod comes to run, once, and leaves nothing", async (t) => {
  await using node = await agentHost();
  const metadata = { name: "config", namespace: "default" };
  await node.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "hello" } });
  const life: Life = { node, diary: `${node.host.folder}/diary`, agent: await node.start() };
  await Deno.mkdir(life.diary);
  await live(life, "undisturbed");
  const places = [...new Set(life.agent.places)].filter((place) => !atStart.test(place));
  for (const [index, place] of places.entries()) {
    const passed = await t.step(`dies ${place}`, async () => {
      const name = `life-${index}`;
      await Promise.all([dieAt(life, place), live(life, name)]);
      await assertNothingLeft(node.host, place);
      await assertRanOnce(life, name);
    });
    if (!passed) break; // What it left would be taken for the next one's.
  }
  await life.agent.kill();
});
