/**
 * The loops at scale, over the ordinary HTTPS API: `deno task bench fleet`. Masters alone on sqlite, each in a folder of its
 * own; nodes are fake (`--fake-nodes`). Rooms of it by name: `deno task bench fleet --only=bound,roll,rest,idle,handover`.
 */
import { startEtcd } from "../support/etcd.ts";
import { endpointOf } from "./api_bench.ts";
import { Connection, type Endpoint } from "./connection.ts";
import { say } from "./figures.ts";

interface Master extends AsyncDisposable {
  readonly endpoint: Endpoint;
  readonly process: Deno.ChildProcess;
}

const root = new URL("../../", import.meta.url).pathname;
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const settleMs = 15_000;
const measuredMs = 60_000;

async function startMaster(...flags: string[]): Promise<Master> {
  const folder = await Deno.makeTempDir({ prefix: "d8s-fleet-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const kubeconfig = `${folder}/kubeconfig`;
  const own = ["--data-dir", `${folder}/data`, "--kubeconfig", kubeconfig, "--port", `${port}`];
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${root}mod.ts`, "master", "--bind-address=127.0.0.1", ...own, ...flags],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const endpoint = await until(async () => await endpointOf(kubeconfig), () => true);
  return {
    endpoint,
    process,
    async [Symbol.asyncDispose]() {
      await stop(process);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function stop(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGTERM");
  } catch {
    return; // it has ended already
  }
  await process.status;
}

/** Asks until the answer is right; what cannot be asked yet is asked again. */
async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean, patienceMs = 300_000): Promise<T> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined && isRight(answer)) return answer;
    await pause(20);
  }
  throw new Error(`not within ${patienceMs / 1000} s`);
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function call<T>(connection: Connection, method: string, path: string, body?: unknown): Promise<T> {
  const contentType = method === "PATCH" ? "application/strategic-merge-patch+json" : "application/json";
  const answer = await connection.request(method, path, { body: body ? JSON.stringify(body) : undefined, contentType });
  const text = new TextDecoder().decode(answer.body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as T;
}

const container = { name: "main", image: "none", resources: { requests: { cpu: "10m", memory: "16Mi" } } };

/** Nodes that nobody plays, so that the figure is of API server and scheduler alone; over within their grace of 40 s. */
async function createToBound(): Promise<void> {
  await using master = await startMaster();
  const connections = await Promise.all(Array.from({ length: 32 }, () => Connection.open(master.endpoint)));
  const amounts = { cpu: "32", memory: "256Gi", pods: "110" };
  const conditions = [{ type: "Ready", status: "True" }];
  for (let i = 0; i < 100; i++) {
    const status = { capacity: amounts, allocatable: amounts, conditions };
    const metadata = { name: `node-${i}`, labels: { "kubernetes.io/hostname": `node-${i}` } };
    await call(connections[0]!, "POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata, status });
  }
  const nodes = "/api/v1/nodes";
  type Nodes = { items: { spec: { taints?: unknown[] } }[] };
  const clean = ({ items }: Nodes) => items.length === 100 && items.every(({ spec }) => !spec.taints?.length);
  await until(() => call<Nodes>(connections[0]!, "GET", nodes), clean);
  const pods = "/api/v1/namespaces/default/pods";
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  await until(() => call(connections[0]!, "GET", account), () => true);
  const watcher = await Connection.open(master.endpoint);
  await watcher.send("GET", `${pods}?watch=true&fieldSelector=spec.nodeName!%3D`);
  await watcher.begun();
  const before = performance.now();
  const bound = countAdded(watcher, 3000);
  await Promise.all(connections.map(async (connection, lane) => {
    for (let i = lane; i < 3000; i += connections.length) {
      await call(connection, "POST", pods, { metadata: { name: `p-${i}` }, spec: { containers: [container] } });
    }
  }));
  await bound;
  const seconds = (performance.now() - before) / 1000;
  say("create to bound, 100 nodes, 3,000 pods, 32 callers", `${Math.round(3000 / seconds)}/s`);
}

/** A pod enters a watch of the bound ones once. */
async function countAdded(watcher: Connection, wanted: number): Promise<void> {
  const decoder = new TextDecoder();
  let count = 0;
  let rest = "";
  for await (const chunk of watcher.stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    count += lines.filter((line) => line.startsWith('{"type":"ADDED"')).length;
    if (count >= wanted) return;
  }
  throw new Error(`the watch ended after ${count} pods`);
}

function deployment(name: string, replicas: number) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: { containers: [container] } };
  return { metadata: { name }, spec: { replicas, selector: { matchLabels: labels }, template } };
}

interface Rollout {
  readonly status?: {
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
  };
  readonly metadata: { readonly generation: number };
}

async function rolledOut(connection: Connection, name: string, wanted: number): Promise<void> {
  const isOut = ({ status = {}, metadata }: Rollout) =>
    status.observedGeneration === metadata.generation &&
    [status.replicas, status.updatedReplicas, status.availableReplicas].every((count) => count === wanted);
  await until(() => call<Rollout>(connection, "GET", `${deployments}/${name}`), isOut);
}

async function fakeNodesReady(connection: Connection, wanted: number): Promise<void> {
  type Nodes = { items: { spec: { podCIDR?: string; taints?: unknown[] } }[] };
  const isReady = ({ items }: Nodes) =>
    items.length === wanted && items.every(({ spec }) => spec.podCIDR !== undefined && !spec.taints?.length);
  await until(() => call<Nodes>(connection, "GET", "/api/v1/nodes"), isReady);
}

async function rollouts(): Promise<void> {
  await using master = await startMaster("--fake-nodes=100");
  const connection = await Connection.open(master.endpoint);
  await fakeNodesReady(connection, 100);
  const start = performance.now();
  await call(connection, "POST", deployments, deployment("web", 1000));
  await rolledOut(connection, "web", 1000);
  say("Deployment of 1,000 replicas, all Running", seconds(performance.now() - start));
  const roll = performance.now();
  const template = { spec: { containers: [{ name: "main", image: "other" }] } };
  await call(connection, "PATCH", `${deployments}/web`, { spec: { template } });
  await rolledOut(connection, "web", 1000);
  say("its rolling update, 25 %/25 %", seconds(performance.now() - roll));
}

async function atRest(): Promise<void> {
  await using master = await startMaster("--fake-nodes=1000");
  const connection = await Connection.open(master.endpoint);
  const start = performance.now();
  await fakeNodesReady(connection, 1000);
  say("1,000 fake nodes, all ready", seconds(performance.now() - start));
  const filled = performance.now();
  for (let i = 0; i < 30; i++) await call(connection, "POST", deployments, deployment(`set-${i}`, 1000));
  for (let i = 0; i < 30; i++) await rolledOut(connection, `set-${i}`, 1000);
  say("30 Deployments of 1,000 replicas, all Running", seconds(performance.now() - filled));
  say("1,000 nodes, 30,000 pods at rest", await rest(master.process.pid));
}

async function idle(): Promise<void> {
  await using master = await startMaster();
  say("idle, no nodes", await rest(master.process.pid));
}

async function rest(pid: number): Promise<string> {
  await pause(settleMs);
  const before = cpuSeconds(pid);
  await pause(measuredMs);
  const share = (cpuSeconds(pid) - before) / (measuredMs / 1000) * 100;
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  return `${share.toFixed(2)} % of a core  ${(Number(kilobytes) * 1024 / 1e6).toFixed(0)} MB`;
}

function cpuSeconds(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ").map(Number);
  return (fields[11]! + fields[12]!) / 100;
}

/** Two masters on one etcd; from the end signal of the one that leads until the other has done a loop's work. */
async function handOver(): Promise<void> {
  await using etcd = await startEtcd();
  const store = `--store=etcd=${etcd.endpoint}`;
  await using first = await startMaster(store);
  const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/d8s-controllers";
  const one = await Connection.open(first.endpoint);
  type Lease = { spec: { holderIdentity: string } };
  await until(() => call<Lease>(one, "GET", lease), ({ spec }) => spec.holderIdentity !== "");
  await using second = await startMaster(store);
  const other = await Connection.open(second.endpoint);
  await pause(3000);
  one[Symbol.dispose]();
  const before = performance.now();
  const stopped = stop(first.process);
  await call(other, "POST", deployments, deployment("after", 1));
  type Sets = { items: unknown[] };
  const sets = "/apis/apps/v1/namespaces/default/replicasets";
  await until(() => call<Sets>(other, "GET", sets), ({ items }) => items.length === 1);
  say("hand-over after a clean stop", seconds(performance.now() - before));
  await stopped;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

const rooms = { bound: createToBound, roll: rollouts, rest: atRest, idle, handover: handOver };
const only = Deno.args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length).split(",");
for (const [name, measure] of Object.entries(rooms)) if (!only || only.includes(name)) await measure();
Deno.exit(0);
