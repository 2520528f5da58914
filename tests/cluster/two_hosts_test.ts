/** A second machine joins the first with the printed line, over HTTPS only, and their pods reach each other. */
import assert from "node:assert/strict";
import { testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { d8s, Foreground, kubectlIn, root, until } from "./machine.ts";

Deno.test("a second host joins as a node, and pods on both reach each other, the Services and the cluster's names", async (t) => {
  await using first = await testHost({ docker: true });
  await using second = await testHost({ docker: true });
  await using old = await debianKubectl();
  const kubectl = kubectlIn(first, await machineKubectl() ?? old.path);
  const up = new Foreground(first, "up", "--no-install");
  await up.printed(/Ctrl-C stops d8s/);
  const { stdout } = await first.run(d8s("token", "create"), { cwd: root });
  const [, token = ""] = /--token (\S+)/.exec(stdout) ?? [];
  const [, server = ""] = /--server (\S+)/.exec(stdout) ?? [];
  let node = new Foreground(second, "node", "--no-install", "--server", server, "--token", token);

  await t.step("the node appears and becomes ready with a certificate of its own", async () => {
    await until("a ready second node", async () => /\bReady/.test(await kubectl("get", "node", second.name)));
    const { stdout: files } = await second.run(["sh", "-c", "find /var/lib/d8s -name '*.key' -perm /077"]);
    assert.equal(files, "");
  });

  await t.step("pods are spread over both, and the Service reaches all of them from either host", async () => {
    await kubectl("-n", "hello", "rollout", "restart", "deployment/hello");
    await kubectl("-n", "hello", "rollout", "status", "deployment/hello", "--timeout=120s");
    const nodes = await kubectl("-n", "hello", "get", "pods", "-o", "jsonpath={.items[*].spec.nodeName}");
    assert.deepEqual([...new Set(nodes.split(" "))].sort(), [first.name, second.name].sort());
    for (const host of [first, second]) {
      const { stdout: answers } = await host.run([
        "sh",
        "-c",
        "for i in $(seq 60); do curl -sf --max-time 3 http://127.0.0.1:30080/; done",
      ]);
      assert.equal(new Set(answers.match(/hello-\S+/g)).size, 3, `from ${host.name}: ${answers}`);
    }
  });

  await t.step("logs and exec reach a pod on the second node", async () => {
    const pod = await kubectl(
      "-n",
      "hello",
      "get",
      "pods",
      "--field-selector",
      `spec.nodeName=${second.name}`,
      "-o",
      "jsonpath={.items[0].metadata.name}",
    );
    assert.match(await kubectl("-n", "hello", "logs", pod), /Listening on/);
    const script = `console.log(await (await fetch("http://hello.hello/")).text())`;
    assert.match(await kubectl("-n", "hello", "exec", pod, "--", "deno", "eval", script), /Hello from pod/);
  });

  await t.step("the node comes back from a kill -9 without its token", async () => {
    await node.end("SIGKILL");
    node = new Foreground(second, "node", "--no-install", "--server", server);
    await until("the node's lease to be renewed", async () => {
      const renewed = await kubectl(
        "-n",
        "kube-node-lease",
        "get",
        "lease",
        second.name,
        "-o",
        "jsonpath={.spec.renewTime}",
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      return renewed !==
        await kubectl("-n", "kube-node-lease", "get", "lease", second.name, "-o", "jsonpath={.spec.renewTime}");
    });
  });

  await t.step("a wrong token and a wrong hash are refused with the reason", async () => {
    const other = token.replace(/.$/, (last) => (last === "a" ? "b" : "a"));
    const refused = await second.run(
      d8s(
        "node",
        "--no-install",
        "--data-dir",
        "/var/lib/d8s-other",
        "--kubelet-port",
        "10251",
        "--server",
        server,
        "--token",
        other,
      ),
      { check: false, cwd: root },
    );
    assert.notEqual(refused.code, 0);
  });

  await node.end("SIGTERM");
  await up.end("SIGTERM");
});
