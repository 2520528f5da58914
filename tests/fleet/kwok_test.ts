/** kwok (https://kwok.sigs.k8s.io), unmodified: the nodes that other people fake. */
import assert from "node:assert/strict";
import { Foreground, until } from "../cluster/machine.ts";
import { testHost } from "../support/host.ts";
import { debianKubectl } from "../support/kubectl.ts";
import { runCommand } from "../support/run_command.ts";

const module = "sigs.k8s.io/kwok";
const version = "v0.8.0";

/** kwok's own answers for nodes and pods, which its module carries. */
const stages = [
  "node/fast/node-initialize",
  "node/heartbeat-with-lease/node-heartbeat-with-lease",
  "pod/fast/pod-ready",
  "pod/fast/pod-complete",
  "pod/fast/pod-delete",
];

const hasGo = (await runCommand(["sh", "-c", "command -v go"], { check: false })).code === 0;
if (!hasGo) console.log("skipped: there is no Go on this machine to build kwok with");

const nodes = ["kwok-0", "kwok-1"].map((name) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, annotations: { "kwok.x-k8s.io/node": "fake" }, labels: { type: "kwok" } },
  spec: { taints: [{ key: "kwok.x-k8s.io/node", value: "fake", effect: "NoSchedule" }] },
}));

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 10,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: {
        tolerations: [{ key: "kwok.x-k8s.io/node", operator: "Exists" }],
        containers: [{ name: "main", image: "none" }],
      },
    },
  },
};

Deno.test({
  name: "unmodified kwok makes nodes ready, runs a Deployment on them, and lets it go",
  ignore: !hasGo,
  async fn() {
    const programs = await Deno.makeTempDir({ prefix: "d8s-kwok-" });
    await runCommand(["go", "install", `${module}/cmd/kwok@${version}`], { env: { GOBIN: programs } });
    const { stdout } = await runCommand(["go", "mod", "download", "-json", `${module}@${version}`]);
    const { Dir } = JSON.parse(stdout) as { Dir: string };
    await using host = await testHost();
    const kubeconfig = `${host.folder}/kubeconfig`;
    await Deno.mkdir(`${host.folder}/manifests`);
    const master = new Foreground(host, "master", "--manifests", `${host.folder}/manifests`);
    await master.printed(/a node joins with/);
    const kwok = host.spawn([
      `${programs}/kwok`,
      "--kubeconfig",
      kubeconfig,
      "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
      ...stages.map((stage) => `--config=${Dir}/kustomize/stage/${stage}.yaml`),
    ], { stdout: "null", stderr: "null" });

    const file = `${host.folder}/objects.json`;
    await Deno.writeTextFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: [...nodes, deployment] }));
    await using kubectl = await debianKubectl();
    const run = async (...args: string[]) => (await host.run([kubectl.path, ...args])).stdout;
    await run("apply", "-f", file);
    await run("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s");
    await run("rollout", "status", "deployment/web", "--timeout=60s");
    const pods = await run(
      "get",
      "pods",
      "-o",
      "jsonpath={range .items[*]}{.spec.nodeName} {.status.phase}{'\\n'}{end}",
    );
    assert.equal(pods.match(/^kwok-[01] Running$/gm)?.length, 10);
    await run("delete", "deployment", "web");
    await until("no pods", async () => (await run("get", "pods", "-o", "name")) === "");

    kwok.kill("SIGTERM");
    await kwok.status;
    await master.end("SIGTERM");
    await Deno.remove(programs, { recursive: true });
  },
});
