/**
 * The API server over TLS, seen by a client of another process: `api_bench.ts KUBECONFIG`. Works on any cluster, so that
 * figures stand beside those of other servers.
 */
import { load } from "js-yaml";
import { Connection, type Endpoint } from "./connection.ts";
import { describeLoad, percentile, say, underLoad } from "./figures.ts";
import { samplePod } from "./sample_pod.ts";

const pods = "/api/v1/namespaces/bench/pods";

export function endpointOf(kubeconfig: string): Endpoint {
  const config = load(Deno.readTextFileSync(kubeconfig)) as {
    clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
    users: { user: { "client-certificate-data": string; "client-key-data": string } }[];
  };
  const { cluster } = config.clusters[0]!;
  const { user } = config.users[0]!;
  const { hostname, port } = new URL(cluster.server);
  return {
    hostname,
    port: Number(port),
    ca: atob(cluster["certificate-authority-data"]),
    cert: atob(user["client-certificate-data"]),
    key: atob(user["client-key-data"]),
  };
}

async function expectOk(connection: Connection, method: string, path: string, body?: string): Promise<Uint8Array> {
  const answer = await connection.request(method, path, { body });
  if (answer.status >= 300) {
    throw new Error(`${method} ${path}: ${answer.status} ${new TextDecoder().decode(answer.body).slice(0, 300)}`);
  }
  return answer.body;
}

async function creates(endpoint: Endpoint): Promise<void> {
  for (const callers of [1, 16, 64]) {
    const connections = await Promise.all(Array.from({ length: callers }, () => Connection.open(endpoint)));
    const figure = await underLoad(
      callers,
      5,
      (caller, turn) => expectOk(connections[caller]!, "POST", pods, samplePod(`c${callers}-${caller}-${turn}`)),
    );
    say(`api: creates, ${callers} callers`, describeLoad(figure));
    connections.forEach((connection) => connection[Symbol.dispose]());
    await expectOk(await Connection.open(endpoint), "DELETE", `${pods}?gracePeriodSeconds=0`);
  }
}

async function listOf10000(endpoint: Endpoint): Promise<void> {
  const connections = await Promise.all(Array.from({ length: 32 }, () => Connection.open(endpoint)));
  await Promise.all(connections.map(async (connection, lane) => {
    for (let i = lane; i < 10_000; i += connections.length) {
      await expectOk(connection, "POST", pods, samplePod(`list-${i}`));
    }
  }));
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 7; round++) {
    const before = performance.now();
    bytes = (await expectOk(connections[0]!, "GET", pods)).length;
    times.push(performance.now() - before);
  }
  say(
    "api: list of 10,000 pods, JSON, to the last byte",
    `p50 ${percentile(times, 0.5).toFixed(0)} ms  ${(bytes / 1e6).toFixed(1)} MB`,
  );
  const before = performance.now();
  await expectOk(connections[0]!, "DELETE", `${pods}?gracePeriodSeconds=0`);
  say("api: deletecollection of 10,000 pods", `${((performance.now() - before) / 1000).toFixed(2)} s`);
}

async function watchDelay(endpoint: Endpoint): Promise<void> {
  const maps = "/api/v1/namespaces/bench/configmaps";
  const watchers = await Promise.all(Array.from({ length: 100 }, () => Connection.open(endpoint)));
  const sent = new Map<string, number>();
  const delays: number[] = [];
  for (const watcher of watchers) {
    await watcher.send("GET", `${maps}?watch=true&labelSelector=bench%3Dwatch`);
    await watcher.begun();
    void listen(watcher, sent, delays).catch(() => {});
  }
  const writer = await Connection.open(endpoint);
  for (let i = 0; i < 100; i++) {
    const name = `watched-${i}`;
    const body = JSON.stringify({ metadata: { name, labels: { bench: "watch" } }, data: { i: `${i}` } });
    sent.set(name, performance.now());
    await expectOk(writer, "POST", maps, body);
    while (delays.length < (i + 1) * watchers.length) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  say(
    "api: one write to 100 watchers",
    `p50 ${percentile(delays, 0.5).toFixed(1)} ms  p99 ${percentile(delays, 0.99).toFixed(1)} ms`,
  );
  watchers.forEach((watcher) => watcher[Symbol.dispose]());
}

async function listen(watcher: Connection, sent: ReadonlyMap<string, number>, delays: number[]): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of watcher.stream()) {
    const now = performance.now();
    for (const [, name = ""] of decoder.decode(chunk).matchAll(/"name":"(watched-\d+)"/g)) {
      const before = sent.get(name);
      if (before !== undefined) delays.push(now - before);
    }
  }
}

if (import.meta.main) {
  const endpoint = endpointOf(Deno.args[0]!);
  const admin = await Connection.open(endpoint);
  await admin.request("POST", "/api/v1/namespaces", { body: JSON.stringify({ metadata: { name: "bench" } }) });
  await admin.request("POST", "/api/v1/namespaces/bench/serviceaccounts", {
    body: JSON.stringify({ metadata: { name: "default" } }),
  });
  await creates(endpoint);
  await watchDelay(endpoint);
  await listOf10000(endpoint);
  await admin.request("DELETE", "/api/v1/namespaces/bench");
  Deno.exit(0);
}
