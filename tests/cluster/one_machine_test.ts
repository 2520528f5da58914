/** A newcomer's first hour on one machine: everything that the README's tour promises, with real docker and kubectl. */
import assert from "node:assert/strict";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { testHost } from "../support/host.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { containers, d8s, Foreground, kubectlIn, root, shell, until } from "./machine.ts";

Deno.test("one machine, from a bare docker to the example, through every room and back", async (t) => {
  await using host = await testHost({ docker: true });
  await using old = await debianKubectl();
  const path = await machineKubectl() ?? old.path;
  const kubectl = kubectlIn(host, path);
  const manifests = `${host.folder}/manifests`;
  await shell(host, `cp -r ${root}manifests/examples ${manifests}`);
  const flags = ["--no-install", "--manifests", manifests];
  const hello = "curl -sf --max-time 2 http://127.0.0.1:30080/";
  const replicas = async () =>
    (await kubectl("-n", "hello", "get", "deployment", "hello", "-o", "jsonpath={.status.readyReplicas}")).trim();

  let up = new Foreground(host, "up", ...flags);
  await t.step("up ends with what is ready and what to try, and the example answers", async () => {
    await up.printed(/Ctrl-C stops d8s/);
    assert.match(up.output, /curl http:\/\/127\.0\.0\.1:30080/);
    assert.match((await shell(host, hello)).stdout, /^Hello from pod hello-\S+ \([\d.]+\) on node host\d+/);
  });

  await t.step("kubectl of both ages lists nodes, pods and services of all namespaces", async () => {
    for (const program of new Set([path, old.path])) {
      const listed = await kubectlIn(host, program)("get", "nodes,pods,svc", "-A");
      assert.match(listed, /node\/host\d+\s+Ready/);
      assert.equal(listed.match(/pod\/hello-\S+\s+1\/1\s+Running/g)?.length, 3, listed);
      assert.match(listed, /service\/hello\s+NodePort\s+10\.96\.\S+\s+<none>\s+80:30080\/TCP/);
    }
  });

  await t.step("the Service answers from each of the three pods, at its ClusterIP and at its NodePort", async () => {
    const ip = await kubectl("-n", "hello", "get", "svc", "hello", "-o", "jsonpath={.spec.clusterIP}");
    for (const url of [`http://${ip}/`, "http://127.0.0.1:30080/", `http://${host.address}:30080/`]) {
      const { stdout } = await shell(host, `for i in $(seq 60); do curl -sf --max-time 2 ${url}; done`);
      assert.equal(new Set(stdout.match(/hello-\S+/g)).size, 3, `${url}: ${stdout}`);
    }
  });

  await t.step("a pod reaches a Service by name, itself through the Service included", async () => {
    const pod = await firstPod();
    // A connection each: fetch would keep one, and with it one pod.
    const script = `for (let i = 0; i < 30; i++) {
      using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      console.log(await (await fetch("http://hello.hello.svc.cluster.local/", { client })).text());
    }`;
    const answers = await kubectl("-n", "hello", "exec", pod, "--", "deno", "eval", script);
    assert.equal(new Set(answers.match(/hello-\S+/g)).size, 3);
    const resolved = await kubectl(
      "-n",
      "hello",
      "exec",
      pod,
      "--",
      "deno",
      "eval",
      `console.log(await Deno.resolveDns("kubernetes.default.svc.cluster.local", "A"))`,
    );
    assert.match(resolved, /10\.96\.0\.1/);
  });

  await t.step("an independent client lists and sees the same", async () => {
    const config = new KubeConfig();
    config.loadFromFile(`${host.folder}/kubeconfig`);
    const cluster = config.getCurrentCluster()!;
    config.loadFromOptions({ ...config, clusters: [{ ...cluster, server: `https://${host.address}:6443` }] });
    const { items } = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: "hello" });
    assert.equal(items.filter((pod) => pod.status?.phase === "Running").length, 3);
  });

  await t.step("exec, logs, port-forward, explain and describe work", async () => {
    const pod = await firstPod();
    assert.match(await kubectl("-n", "hello", "exec", pod, "--", "deno", "--version"), /^deno 2/);
    await assert.rejects(kubectl("-n", "hello", "exec", pod, "--", "deno", "eval", "Deno.exit(7)"), /exit code 7/);
    assert.match(await kubectl("-n", "hello", "logs", pod), /Listening on/);
    const forwarded = await shell(
      host,
      `${path} -n hello port-forward ${pod} 18080:8080 >/dev/null & child=$!
      for i in $(seq 100); do curl -sf http://127.0.0.1:18080/ && break; sleep 0.1; done; kill $child`,
    );
    assert.match(forwarded.stdout, new RegExp(`Hello from pod ${pod}`));
    assert.match(await kubectl("explain", "deployment.spec.strategy"), /rollingUpdate/);
    assert.match(await kubectl("-n", "hello", "describe", "pod", pod), /Scheduled[\s\S]*Started/);
  });

  await t.step("the controller in the README runs as it stands there", async () => {
    const [, program = ""] = /```ts\n([\s\S]*?)```/.exec(await Deno.readTextFile(`${root}README.md`)) ?? [];
    await Deno.writeTextFile(`${host.folder}/stamp.ts`, program.replace("./mod.ts", `${root}mod.ts`));
    const command = [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      `--config=${root}deno.json`,
      `${host.folder}/stamp.ts`,
    ];
    const operator = host.spawn(command, { stdout: "inherit", stderr: "inherit" });
    await kubectl("create", "configmap", "plain", "--from-literal=a=b");
    await until(
      "the stamp",
      async () => /stamped/.test(await kubectl("get", "configmap", "plain", "-o", "jsonpath={.metadata.labels}")),
    );
    operator.kill("SIGKILL");
    await operator.status;
  });

  await t.step("a rollout replaces the pods, and undo brings the old template back", async () => {
    await kubectl("-n", "hello", "set", "env", "deployment/hello", "GREETING=changed");
    await kubectl("-n", "hello", "rollout", "status", "deployment/hello", "--timeout=90s");
    const env = () =>
      kubectl(
        "-n",
        "hello",
        "get",
        "deployment",
        "hello",
        "-o",
        "jsonpath={.spec.template.spec.containers[0].env[*].name}",
      );
    assert.match(await env(), /GREETING/);
    await kubectl("-n", "hello", "rollout", "undo", "deployment/hello");
    await kubectl("-n", "hello", "rollout", "status", "deployment/hello", "--timeout=90s");
    assert.doesNotMatch(await env(), /GREETING/);
  });

  await t.step("an edit of a file is applied, and the field that a person changed is repaired", async () => {
    await shell(host, `sed -i 's/replicas: 3/replicas: 5/' ${manifests}/hello/deployment.yaml`);
    await until("five ready pods", async () => await replicas() === "5");
    await kubectl("-n", "hello", "scale", "deployment/hello", "--replicas=2");
    await until(
      "repair to five",
      async () => await kubectl("-n", "hello", "get", "deployment", "hello", "-o", "jsonpath={.spec.replicas}") === "5",
    );
    await kubectl("-n", "hello", "delete", "service", "hello");
    await until(
      "the service again",
      async () => /hello/.test(await kubectl("-n", "hello", "get", "service", "-o", "name")),
    );
    await shell(host, `sed -i 's/replicas: 5/replicas: 3/' ${manifests}/hello/deployment.yaml`);
    await until("three ready pods", async () => await replicas() === "3");
  });

  await t.step("a broken file changes nothing and says where; what leaves the folder is pruned", async () => {
    const extra = `${manifests}/extra.yaml`;
    const map = (value: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra, namespace: default }\ndata: { a: "${value}" }\n`;
    const value = async () => await kubectl("get", "configmap", "extra", "-o", "jsonpath={.data.a}");
    await Deno.writeTextFile(extra, map("one"));
    await until("the map", async () => await value() === "one");
    await Deno.writeTextFile(extra, map("two") + "---\nkind: {broken\n");
    await until(
      "the error",
      async () => /extra\.yaml\s+Broken.*document 2, line \d+/.test(await kubectl("get", "manifestfiles")),
    );
    assert.equal(await value(), "one");
    await Deno.writeTextFile(extra, map("three"));
    await until("the mended map", async () => await value() === "three");
    await Deno.remove(extra);
    await until("the map to go", async () => await kubectl("get", "configmap", "--ignore-not-found", "extra") === "");
  });

  await t.step("a second up says that one runs and touches nothing", async () => {
    const second = await host.run(d8s("up", ...flags), { check: false, cwd: root });
    assert.notEqual(second.code, 0);
    assert.match(second.stdout + second.stderr, /already runs|is running/);
  });

  await t.step("kill -9 and a new up: the same containers, not one restarted, and all data there", async () => {
    await kubectl("create", "configmap", "kept", "--from-literal=a=b");
    const before = await containers(host);
    await up.end("SIGKILL");
    assert.deepEqual(await containers(host), before);
    assert.match((await shell(host, hello)).stdout, /^Hello/);
    up = new Foreground(host, "up", ...flags);
    await up.printed(/Ctrl-C stops d8s/);
    assert.deepEqual(await containers(host), before);
    assert.equal(await kubectl("get", "configmap", "kept", "-o", "jsonpath={.data.a}"), "b");
  });

  await t.step("status says that all is well", async () => {
    const { stdout } = await host.run(d8s("status"), { cwd: root });
    assert.match(stdout, /node/i);
  });

  await t.step("Ctrl-C stops within five seconds and containers keep running", async () => {
    const before = await containers(host);
    const { code, ms } = await up.end("SIGINT");
    assert.ok(ms < 5000, `it took ${ms} ms`);
    assert.equal(code, 0, up.output);
    assert.deepEqual(await containers(host), before);
  });

  await t.step(
    "down removes every container, rule, bridge and mount, and keeps data unless it is told to purge",
    async () => {
      await host.run(d8s("down"), { cwd: root });
      assert.equal((await shell(host, "docker ps -aq")).stdout, "");
      assert.doesNotMatch((await shell(host, "iptables-save")).stdout, /KUBE|cni0|D8S/);
      assert.doesNotMatch((await shell(host, "ip link")).stdout, /cni0/);
      assert.doesNotMatch((await shell(host, "cat /proc/mounts")).stdout, /\/var\/lib\/d8s\//);
      await shell(host, "test -e /var/lib/d8s/store.db");
      await host.run(d8s("down", "--purge", "--yes"), { cwd: root });
      await shell(host, "test ! -e /var/lib/d8s");
    },
  );

  async function firstPod(): Promise<string> {
    return (await kubectl("-n", "hello", "get", "pods", "-o", "jsonpath={.items[0].metadata.name}")).trim();
  }
});
