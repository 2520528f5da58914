/** Pods and files that are none of theirs: copies both ways, links that lead out, another pod's volumes, the node's keys. */
import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";
import { agentHost, isReady, makePod, seen } from "./agent_host.ts";

const waiting = (pod: PodObject | undefined) => pod?.status?.containerStatuses?.[0]?.state?.waiting;

const withVolume = (mount: object, volume: object) => ({
  container: { volumeMounts: [mount] },
  spec: { volumes: [volume] },
});

Deno.test("files go in and out whole, and no link in a pod leads to the node, to another pod, or out of a volume", async () => {
  await using stack = new AsyncDisposableStack();
  const node = stack.use(await agentHost());
  const { client, host } = node;
  const path = await machineKubectl() ?? stack.use(await debianKubectl()).path;
  const kubectl = stack.use(await kubectlSession(path, node.server));
  const agent = await node.start();
  const shared = { name: "shared", hostPath: { path: `${host.folder}/shared`, type: "DirectoryOrCreate" } };
  await makePod(client, "web", withVolume({ name: "shared", mountPath: "/shared" }, shared));
  await seen(client, "web", isReady);
  const inPod = (script: string) => kubectl.run(["exec", "web", "--", "sh", "-c", script], { check: false });

  const [local, copy] = [`${host.folder}/local`, `${host.folder}/copy`];
  const bytes = new Uint8Array(3 << 20);
  for (let at = 0; at < bytes.length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  await Deno.writeFile(local, bytes);
  await kubectl.run(["cp", local, "web:/tmp/file"]);
  await kubectl.run(["cp", "web:/tmp/file", copy]);
  assert.ok(Buffer.from(await Deno.readFile(copy)).equals(bytes));
  await inPod(
    "mkdir /tmp/tree; echo kept > /tmp/tree/kept; ln -s ../../../../etc/shadow /tmp/tree/out; ln -s / /tmp/tree/root",
  );
  await kubectl.run(["cp", "web:/tmp/tree", `${host.folder}/tree`]);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(`${host.folder}/tree`))).map(({ name }) => name), ["kept"]);

  // What the pod plants in the shared folder, the next pod asks for by subPath.
  await inPod(`ln -s ${host.folder}/agent /shared/agent; ln -s / /shared/root; mkdir /shared/good`);
  for (const [name, subPath] of [["by-agent", "agent/pods"], ["by-root", "root/etc"]] as const) {
    await makePod(client, name, withVolume({ name: "shared", mountPath: "/got", subPath }, shared));
    const refused = await seen(client, name, (pod) => waiting(pod)?.reason === "CreateContainerConfigError");
    assert.match(waiting(refused)!.message!, /out of the volume/);
  }
  await makePod(client, "by-name", withVolume({ name: "shared", mountPath: "/got", subPath: "good" }, shared));
  await seen(client, "by-name", isReady);

  // However fast one pod exchanges a folder for a link, the others that name it see the volume or do not start.
  const swap = "while [ ! -e stop ]; do mv a c && ln -s /etc a; rm -f a; mv c a; done 2>/dev/null; echo stopped";
  await inPod("mkdir -p /shared/a/ssl; touch /shared/a/ssl/inside");
  const swapping = inPod(`cd /shared; ${swap}`);
  const victims = Array.from({ length: 8 }, (_, index) => `victim-${index}`);
  for (const name of victims) {
    const wish = withVolume({ name: "shared", mountPath: "/got", subPath: "a/ssl" }, shared);
    const command = ["sh", "-c", "ls -a /got"];
    const restartPolicy = "Never";
    await makePod(client, name, { container: { ...wish.container, command }, spec: { ...wish.spec, restartPolicy } });
  }
  for (const name of victims) {
    const ended = await seen(
      client,
      name,
      (pod) => pod?.status?.phase === "Succeeded" || Boolean(waiting(pod)?.message),
    );
    if (ended!.status!.phase !== "Succeeded") continue;
    // What is not there at the moment is made.
    assert.match((await kubectl.run(["logs", name])).stdout, /^\.\n\.\.\n(inside\n)?$/);
  }
  await inPod("touch /shared/stop");
  assert.equal((await swapping).stdout, "stopped\n");

  const found = await inPod(
    "find / -xdev -name pods -o -xdev -name '*.key' -o -xdev -name docker.sock; ls /var/lib 2>&1",
  );
  assert.doesNotMatch(found.stdout, /\/pods|\.key|docker\.sock|d8s|docker/);
  await agent.kill();
});
