/** The machine goes down: who ends when, with which word, and what follows when it doesn't after all. */
import assert from "node:assert/strict";
import { kubeletConfiguration } from "../../controllers/kubelet/configuration/configuration.ts";
import { logind } from "../../controllers/kubelet/shutdown/logind.ts";
import { podsOfGroups, shutdownGroups, shutdownMs } from "../../controllers/kubelet/shutdown/shutdown_plan.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { Node, PriorityClass } from "../../runtime/schema/mod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { type AgentHost, agentHost, isReady, makePod, seen } from "./agent_host.ts";
import { podOf } from "./pods.ts";

const head = { kind: "KubeletConfiguration", apiVersion: "kubelet.config.k8s.io/v1beta1" };
const groupsOf = (fields: object) => shutdownGroups(kubeletConfiguration({ ...head, ...fields }).configuration);

Deno.test("the important end last; each group has its time, and who is in none goes with the first", () => {
  const two = groupsOf({ shutdownGracePeriod: "30s", shutdownGracePeriodCriticalPods: "10s" });
  assert.deepEqual(two, [{ priority: 0, seconds: 20 }, { priority: 2_000_000_000, seconds: 10 }]);
  assert.equal(shutdownMs(two), 30_000);
  assert.deepEqual(groupsOf({}), []);
  const named = [{ priority: 100, shutdownGracePeriodSeconds: 5 }, { priority: 10, shutdownGracePeriodSeconds: 60 }];
  const groups = groupsOf({ shutdownGracePeriodByPodPriority: named });
  const pods = [-5, 10, 99, 100, 2_000_001_000].map((priority) => podOf({ priority }));
  const priorities = podsOfGroups(groups, pods).map((group) => group.map(({ spec }) => spec!.priority));
  assert.deepEqual(priorities, [[-5, 10, 99], [100, 2_000_001_000]]);
});

Deno.test("settings that contradict one another are refused", () => {
  const named = [{ priority: 1, shutdownGracePeriodSeconds: 1 }];
  assert.throws(
    () => groupsOf({ shutdownGracePeriod: "1s", shutdownGracePeriodByPodPriority: named }),
    /^Error: shutdownGracePeriodByPodPriority: Forbidden: may not be given together with shutdownGracePeriod$/,
  );
  assert.throws(
    () => groupsOf({ shutdownGracePeriod: "1s", shutdownGracePeriodCriticalPods: "2s" }),
    /^Error: shutdownGracePeriodCriticalPods: Invalid value: "2s": must be less than or equal to/,
  );
});

const hasBus = await Deno.stat("/run/dbus/system_bus_socket").then(() => true, () => false);

Deno.test({
  name: "where there is no logind nobody can hold a shutdown back, and that is said",
  ignore: hasBus,
  fn: () =>
    assert.rejects(logind.check(1000), /^Error: there is no systemd-logind on this machine to delay a shutdown$/),
});

const obeys = "trap 'exit 0' TERM; while true; do sleep 1 & wait; done";
const ignores = "trap '' TERM; while true; do sleep 1 & wait; done";

function create({ client }: AgentHost, name: string, more: { script?: string; priorityClassName?: string } = {}) {
  const { script = obeys, priorityClassName } = more;
  return makePod(client, name, { container: { command: ["sh", "-c", script] }, spec: { priorityClassName } });
}

/** Nobody starts it anew but the node. */
const own = `
apiVersion: v1
kind: Pod
metadata: {name: own}
spec:
  containers: [{name: c, image: "${busyboxImage}", command: [sh, -c, "${obeys}"]}]
`;

const endOf = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt;

Deno.test("at a shutdown pods end in order, the Node is not ready and takes none; a cancelled one is over", async () => {
  await using node = await agentHost();
  const { client } = node;
  const metadata = { name: "late" };
  await client.create(PriorityClass, {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata,
    value: 100,
  });
  const named = [{ priority: 0, shutdownGracePeriodSeconds: 60 }, { priority: 100, shutdownGracePeriodSeconds: 60 }];
  const staticPodPath = `${node.host.folder}/manifests`;
  await Deno.mkdir(staticPodPath);
  await Deno.writeTextFile(`${staticPodPath}/own.yaml`, own);
  const agent = await node.start({ configuration: { shutdownGracePeriodByPodPriority: named, staticPodPath } });
  await create(node, "stubborn", { script: ignores });
  await create(node, "important", { priorityClassName: "late" });
  for (const name of ["stubborn", "important", "own-n1"]) await seen(client, name, isReady);

  await agent.tell("shutdown begun");
  const ended = await Promise.all(["stubborn", "important"].map((name) => seen(client, name, (pod) => !!endOf(pod))));
  for (const pod of ended) {
    const { phase, reason, message } = pod!.status!;
    assert.deepEqual([phase, reason], ["Failed", "Terminated"]);
    assert.equal(message, "Pod was terminated in response to imminent node shutdown.");
  }
  assert.ok(endOf(ended[0])! <= endOf(ended[1])!, "the important one ended last");
  await seen(client, "own-n1", (pod) => pod?.status?.reason === "Terminated");
  await nodeSays(node, "node is shutting down");
  await create(node, "new");
  const refused = await seen(client, "new", (pod) => pod?.status?.phase === "Failed");
  assert.equal(refused!.status!.reason, "NodeShutdown");

  await agent.tell("shutdown cancelled");
  await nodeSays(node, "kubelet is posting ready status");
  await create(node, "next");
  await seen(client, "next", isReady);
  const again = await seen(client, "own-n1", isReady);
  assert.deepEqual([again!.status!.phase, again!.status!.reason], ["Running", undefined]);
  await agent.kill();
});

async function nodeSays({ client }: AgentHost, message: string): Promise<void> {
  const signal = AbortSignal.timeout(20_000);
  for await (const event of client.watch(Node, { signal })) {
    if (event.type === "BOOKMARK") continue;
    const ready = event.object.status?.conditions?.find(({ type }) => type === "Ready");
    if (ready?.message === message) return;
  }
  throw new Error(`the Node did not say: ${message}`);
}
