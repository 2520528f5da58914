/** Looking into pods and nodes with `kubectl debug`, and emptying a node with `kubectl drain`. */
import assert from "node:assert/strict";
import { ConfigMap, PodDisruptionBudget } from "../../runtime/schema/mod.ts";
import type { Pod as PodObject } from "../../controllers/kubelet/pod/pod.ts";
import { busyboxImage } from "../support/busybox_image.ts";
import { machineKubectl } from "../support/kubectl.ts";
import { kubectlSession } from "../support/kubectl_session.ts";
import { agentHost, isReady, makePod, seen } from "./agent_host.ts";

const kubectlPath = await machineKubectl();
const namespace = "default";
const hasEnded = (name: string) => (pod: PodObject | undefined) =>
  [...pod?.status?.ephemeralContainerStatuses ?? [], ...pod?.status?.containerStatuses ?? []]
    .some((one) => one.name === name && one.state?.terminated);

Deno.test({
  name: "debug sees into a pod, a copy of it and the node; drain respects budgets, and asks before data is lost",
  ignore: kubectlPath === undefined, // Debian's kubectl has no `debug` with profiles
  async fn() {
    await using stack = new AsyncDisposableStack();
    const node = stack.use(await agentHost());
    const { client } = node;
    const kubectl = stack.use(await kubectlSession(kubectlPath!, node.server));
    const run = (...args: string[]) => kubectl.run(args, { check: false });
    const metadata = { name: "kube-root-ca.crt", namespace };
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata,
      data: { "ca.crt": node.server.ca },
    });
    const agent = await node.start();
    await makePod(client, "web", {
      labels: { app: "web" },
      container: { volumeMounts: [{ name: "data", mountPath: "/data" }], command: ["sleep", "98765"] },
      spec: { volumes: [{ name: "data", emptyDir: {} }] },
    });
    await makePod(client, "plain");
    await Promise.all(["web", "plain"].map((name) => seen(client, name, isReady)));

    const debug = (...args: string[]) => run("debug", `--image=${busyboxImage}`, ...args);
    const look = "ps; ls -d /proc/1/root/data; grep CapEff /proc/self/status";
    const capabilities: string[] = [];
    for (const profile of ["general", "netadmin", "sysadmin"]) {
      await debug("web", `--profile=${profile}`, "--target=main", "-c", profile, "--", "sh", "-c", look);
      await seen(client, "web", hasEnded(profile));
      const { stdout } = await run("logs", "web", "-c", profile);
      assert.match(stdout, /^\s*1 root\s+sleep 98765$/m);
      capabilities.push(/CapEff:\s+(\S+)/.exec(stdout)![1]!);
    }
    const has = (bit: number) => capabilities.map((mask) => (BigInt(`0x${mask}`) >> BigInt(bit) & 1n) === 1n);
    const bits = { SYS_PTRACE: 19, NET_ADMIN: 12, SYS_ADMIN: 21 };
    assert.deepEqual(has(bits.SYS_PTRACE), [true, false, true]);
    assert.deepEqual(has(bits.NET_ADMIN), [false, true, true]);
    assert.deepEqual(has(bits.SYS_ADMIN), [false, false, true]);

    await debug("web", "--copy-to=copy", "--same-node", "--profile=general", "-c", "main", "--", "sleep", "100");
    await seen(client, "copy", isReady);
    const onNode = await debug("node/n1", "--profile=sysadmin", "--", "sh", "-c", "chroot /host hostname");
    const name = /Creating debugging pod (\S+) /.exec(onNode.stdout + onNode.stderr)![1]!;
    await seen(client, name, hasEnded("debugger"));
    assert.equal((await run("logs", name)).stdout, `${node.host.name}\n`);

    await client.create(PodDisruptionBudget, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "web", namespace },
      spec: { selector: { matchLabels: { app: "web" } }, minAvailable: 1 },
    });
    const allow = async (disruptionsAllowed: number) => {
      const counts = { currentHealthy: 1, desiredHealthy: 1, expectedPods: 1, observedGeneration: 1 };
      const body = { status: { ...counts, disruptionsAllowed } };
      await client.patch(PodDisruptionBudget, { namespace, name: "web" }, { type: "merge", body }, {
        subresource: "status",
      });
    };
    await allow(0);
    const refused = await run("drain", "n1");
    assert.match(refused.stderr, /declare no controller \(use --force to override\)/);
    assert.match(refused.stderr, /local storage \(use --delete-emptydir-data to override\): default\/(copy|web)/);
    const drain = ["drain", "n1", "--force", "--delete-emptydir-data"];
    const held = await run(...drain, "--timeout=3s");
    assert.match(held.stdout + held.stderr, /Cannot evict pod as it would violate the pod's disruption budget/);
    assert.ok(isReady(await seen(client, "web", () => true)));
    await allow(1);
    const drained = await run(...drain, "--timeout=60s");
    assert.equal(drained.code, 0, drained.stderr);
    await Promise.all(["web", "plain", "copy"].map((gone) => seen(client, gone, (pod) => pod === undefined)));
    const { stdout } = await run("get", "node", "n1", "-o", "jsonpath={.spec.unschedulable} {.spec.taints[*].key}");
    assert.match(stdout, /^true /);
    await agent.kill();
  },
});
