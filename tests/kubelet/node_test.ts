/** Pods on a real docker, wired by real CNI plugins, seen through the API. */
import assert from "node:assert/strict";
import { ConfigMap, Pod } from "../../runtime/schema/mod.ts";
import { agentHost, assertNothingLeft, isReady, makePod, seen } from "./agent_host.ts";

const script = "cat /config/a; echo $IP; trap 'exit 0' TERM; while true; do sleep 1 & wait; done";

Deno.test("pods on a node run, are adopted after kill -9, restart when they crash, and leave nothing", async () => {
  await using node = await agentHost();
  const { client, host } = node;
  const agent = await node.start();
  await client.create(ConfigMap, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "config", namespace: "default" },
    data: { a: "hello" },
  });
  const container = {
    command: ["sh", "-c", script],
    env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    volumeMounts: [{ name: "config", mountPath: "/config" }],
  };
  const spec = { volumes: [{ name: "config", configMap: { name: "config" } }], terminationGracePeriodSeconds: 5 };
  await makePod(client, "web", { container, spec });
  const web = await seen(client, "web", isReady);
  assert.match(web!.status!.podIP!, /^10\.244\.7\./);
  const ids = async () => (await host.run(["docker", "ps", "--no-trunc", "-q"])).stdout.split("\n").sort().join(" ");
  const before = await ids();

  await agent.kill();
  const next = await node.start();
  await makePod(client, "crash", {
    container: { command: ["sh", "-c", "echo broken > /dev/termination-log; exit 3"] },
  });
  const crash = await seen(
    client,
    "crash",
    (pod) => pod?.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff",
  );
  const last = crash!.status!.containerStatuses![0]!.lastState!.terminated!;
  assert.deepEqual([last.exitCode, last.reason, last.message], [3, "Error", "broken\n"]);
  await client.delete(Pod, { namespace: "default", name: "crash" });
  await seen(client, "crash", (pod) => pod === undefined);
  assert.equal(await ids(), before);

  await client.delete(Pod, { namespace: "default", name: "web" });
  await seen(client, "web", (pod) => pod === undefined);
  await assertNothingLeft(host, "both pods are gone");
  await next.kill();
});

Deno.test("a resize changes what a running container may use, and an agent killed meanwhile restarts nothing for it", async () => {
  await using node = await agentHost();
  const { client, host } = node;
  const agent = await node.start();
  const given = { limits: { cpu: "200m", memory: "64Mi" } };
  await makePod(client, "web", { container: { resources: given } });
  const before = (await seen(client, "web", isReady))!.status!.containerStatuses![0]!;
  const resources = { limits: { cpu: "300m", memory: "96Mi" }, requests: { cpu: "300m", memory: "96Mi" } };
  const body = { spec: { containers: [{ name: "main", resources }] } };
  const ref = { namespace: "default", name: "web" };
  await client.patch(Pod, ref, { type: "strategic", body }, { subresource: "resize" });
  await agent.kill();
  const next = await node.start();
  const after = await seen(
    client,
    "web",
    (now) => now?.status?.containerStatuses?.[0]?.resources?.limits?.cpu === "300m",
  );
  const [status] = after!.status!.containerStatuses!;
  assert.deepEqual([status!.containerID, status!.restartCount], [before.containerID, 0]);
  const id = before.containerID!.replace("docker://", "");
  const { stdout } = await host.run(["docker", "inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}}", id]);
  assert.equal(stdout.trim(), `${96 * 1024 * 1024} 30000`);
  await next.kill();
});
