/**
 * What a flood of one user costs a quiet one: `flood_bench.ts KUBECONFIG`. 500 connections list pods as fast as they are
 * answered, and somebody else reads one ConfigMap now and then: with the flood at a level of its own, and with the flood exempt,
 * which is a server without flow control.
 */
import { endpointOf } from "./api_bench.ts";
import { Connection } from "./connection.ts";
import { percentile, say } from "./figures.ts";
import type { Flood } from "./flood.ts";
import { samplePod } from "./sample_pod.ts";

const connections = 500;
const pods = 500;
const questions = 200;
const pauseMs = 20;
const group = "flowcontrol.apiserver.k8s.io";
const flows = `/apis/${group}/v1`;
const list = "/api/v1/namespaces/bench/pods";
const asUser = (name: string) => `impersonate-user: ${name}\r\nimpersonate-group: bench\r\n`;

const endpoint = endpointOf(Deno.args[0]!);
using admin = await Connection.open(endpoint);
using quiet = await Connection.open(endpoint);

async function made(path: string, object: object): Promise<void> {
  const { status, body } = await admin.request("POST", path, { body: JSON.stringify(object) });
  if (status >= 300) throw new Error(`POST ${path}: ${status} ${new TextDecoder().decode(body).slice(0, 300)}`);
}

function floodSchema(level: string): object {
  const resourceRules = [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], clusterScope: true, namespaces: ["*"] }];
  const rules = [{ subjects: [{ kind: "User", user: { name: "flood" } }], resourceRules }];
  return { matchingPrecedence: 50, priorityLevelConfiguration: { name: level }, rules };
}

/** Milliseconds of each question of the quiet client. */
async function quietTimes(): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < questions; i++) {
    const before = performance.now();
    const { status } = await quiet.request("GET", "/api/v1/namespaces/bench/configmaps/quiet", {
      headers: asUser("quiet"),
    });
    if (status !== 200) throw new Error(`the quiet client was answered ${status}`);
    times.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return times;
}

async function underFlood(): Promise<number[]> {
  const worker = new Worker(import.meta.resolve("./flood.ts"), { type: "module" });
  const flooding = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage({ endpoint, connections, path: list, headers: asUser("flood") } satisfies Flood);
  await flooding;
  try {
    return await quietTimes();
  } finally {
    worker.terminate();
  }
}

function figure(times: readonly number[]): string {
  return `p50 ${percentile(times, 0.5).toFixed(1)} ms  p99 ${percentile(times, 0.99).toFixed(1)} ms`;
}

await made("/api/v1/namespaces", { metadata: { name: "bench" } });
await made("/api/v1/namespaces/bench/configmaps", { metadata: { name: "quiet" }, data: { key: "value" } });
await made("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
  metadata: { name: "bench" },
  subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "bench" }],
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
});
for (let i = 0; i < pods; i++) await made(list, JSON.parse(samplePod(`flood-${i}`)));
const queuing = { queues: 64, handSize: 8, queueLengthLimit: 50 };
const limited = { nominalConcurrencyShares: 5, borrowingLimitPercent: 0, limitResponse: { type: "Queue", queuing } };
await made(`${flows}/prioritylevelconfigurations`, { metadata: { name: "flood" }, spec: { type: "Limited", limited } });
await made(`${flows}/flowschemas`, { metadata: { name: "flood" }, spec: floodSchema("flood") });

say("quiet client, nobody else", figure(await quietTimes()));
say(`quiet client, flood of ${connections} with flow control`, figure(await underFlood()));
await admin.request("PATCH", `${flows}/flowschemas/flood`, {
  body: JSON.stringify({ spec: floodSchema("exempt") }),
  contentType: "application/merge-patch+json",
});
say(`quiet client, flood of ${connections} without`, figure(await underFlood()));
Deno.exit(0);
