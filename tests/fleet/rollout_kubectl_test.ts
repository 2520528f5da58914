/** `kubectl rollout` in all its forms, by both ages of kubectl, of workloads on fake nodes. */
import assert from "node:assert/strict";
import * as loops from "../../controllers/mod.ts";
import { runControllers } from "../../runtime/loop/mod.ts";
import { ServiceAccount } from "../../runtime/schema/mod.ts";
import { apiServer } from "../support/api_server.ts";
import { debianKubectl, machineKubectl } from "../support/kubectl.ts";
import { type KubectlSession, kubectlSession } from "../support/kubectl_session.ts";

const machine = await machineKubectl();

function workload(kind: string, more: object): string {
  const labels = { app: kind.toLowerCase() };
  const containers = [{ name: "main", image: "web:1" }];
  const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } }, ...more };
  return JSON.stringify({ apiVersion: "apps/v1", kind, metadata: { name: "web", namespace: "default" }, spec });
}

async function withCluster(kubectl: string, work: (session: KubectlSession) => Promise<void>): Promise<void> {
  await using server = await apiServer();
  const own = [
    ...[loops.serviceAccounts, loops.replicaSets, loops.deployments, loops.statefulSets, loops.daemonSets],
    ...[loops.nodeIpam(), loops.nodeLifecycle(), loops.podGc(), loops.scheduler(), loops.fakeNodes({ count: 2 })],
    ...[loops.fakeNodeLeases(), loops.garbageCollector()],
  ];
  const stopping = new AbortController();
  const running = runControllers(own, { client: server.client, signal: stopping.signal, identity: "test" });
  await using session = await kubectlSession(kubectl, server);
  try {
    const account = { namespace: "default", fieldSelector: "metadata.name=default" };
    const signal = AbortSignal.timeout(20_000);
    for await (const { type } of server.client.watch(ServiceAccount, { ...account, signal })) {
      if (type === "ADDED") break;
    }
    await work(session);
  } finally {
    stopping.abort();
    await running.settled;
  }
}

async function rollsOut({ run }: KubectlSession): Promise<void> {
  const say = async (...args: string[]) => (await run(args)).stdout.trim();
  const status = () => say("rollout", "status", "deployment/web", "--timeout=30s");
  const image = () => say("get", "deployment/web", "-o", "jsonpath={.spec.template.spec.containers[0].image}");
  const history = async () =>
    (await say("rollout", "history", "deployment/web")).split("\n").slice(2)
      .map((line) => line.split(/\s+/)[0]).filter(Boolean);
  await run(["apply", "-f", "-"], { stdin: workload("Deployment", { replicas: 4, progressDeadlineSeconds: 600 }) });
  assert.match(await status(), /deployment "web" successfully rolled out$/);

  await say("set", "image", "deployment/web", "main=web:2");
  assert.match(await status(), /deployment "web" successfully rolled out$/);
  assert.deepEqual(await history(), ["1", "2"]);
  assert.match(await say("rollout", "history", "deployment/web", "--revision=2"), /Image:\s+web:2/);

  assert.match(await say("rollout", "undo", "deployment/web"), /deployment.apps\/web rolled back/);
  await status();
  assert.equal(await image(), "web:1");
  assert.deepEqual(await history(), ["2", "3"]);
  await say("rollout", "undo", "deployment/web", "--to-revision=2");
  await status();
  assert.equal(await image(), "web:2");

  await say("rollout", "pause", "deployment/web");
  await say("set", "image", "deployment/web", "main=web:3");
  const paused = await run(["rollout", "undo", "deployment/web"], { check: false });
  assert.match(paused.stderr, /cannot rollback a paused deployment|skipped rollback/);
  assert.deepEqual(await history(), ["3", "4"], "what is set while it is paused makes no revision");
  await say("rollout", "resume", "deployment/web");
  await status();
  assert.deepEqual(await history(), ["3", "4", "5"]);

  const pods = async () => (await say("get", "pods", "-l", "app=deployment", "-o", "name")).split("\n");
  const before = await pods();
  assert.match(await say("rollout", "restart", "deployment/web"), /deployment.apps\/web restarted/);
  await status();
  const after = await pods();
  assert.deepEqual(after.filter((name) => before.includes(name)), []);

  const nowhere = { spec: { progressDeadlineSeconds: 1, template: { spec: { nodeSelector: { none: "such" } } } } };
  await say("patch", "deployment/web", "-p", JSON.stringify(nowhere));
  const stuck = await run(["rollout", "status", "deployment/web", "--timeout=60s"], { check: false });
  assert.equal(stuck.code, 1);
  assert.match(stuck.stderr, /error: deployment "web" exceeded its progress deadline/);
  await say("rollout", "undo", "deployment/web");
  assert.match(await status(), /successfully rolled out$/);
}

/** Those whose revisions are ControllerRevisions. */
async function rollsOutOthers({ run }: KubectlSession): Promise<void> {
  const say = async (...args: string[]) => (await run(args)).stdout.trim();
  await run(["apply", "-f", "-"], { stdin: workload("StatefulSet", { serviceName: "web", replicas: 2 }) });
  await run(["apply", "-f", "-"], { stdin: workload("DaemonSet", {}) });
  for (const name of ["statefulset/web", "daemonset/web"]) {
    const status = () => say("rollout", "status", name, "--timeout=30s");
    const image = () => say("get", name, "-o", "jsonpath={.spec.template.spec.containers[0].image}");
    await status();
    await say("set", "image", name, "main=web:2");
    await status();
    assert.match(await say("rollout", "history", name), /\n1 [^]*\n2 /);
    await say("rollout", "undo", name);
    await status();
    assert.equal(await image(), "web:1");
    await say("rollout", "restart", name);
    await status();
    assert.match(await say("rollout", "history", name), /\n4 /);
  }
}

for (const [title, work] of [["Deployment", rollsOut], ["StatefulSet and a DaemonSet", rollsOutOthers]] as const) {
  Deno.test({
    name: `this machine's kubectl rolls a ${title} out, back, and out anew`,
    ignore: machine === undefined, // no kubectl on this machine
    fn: () => withCluster(machine!, work),
  });
  Deno.test(`kubectl 1.20 rolls a ${title} out, back, and out anew`, async () => {
    await using old = await debianKubectl();
    await withCluster(old.path, work);
  });
}
