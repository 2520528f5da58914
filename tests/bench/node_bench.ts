/** A whole machine from `up` on, in a test host with docker already running: start, pods, idle. */
import { type TestHost, testHost } from "../support/host.ts";
import { endpointOf } from "./api_bench.ts";
import { Connection } from "./connection.ts";
import { percentile, say } from "./figures.ts";

const root = new URL("../../", import.meta.url).pathname;

function spawnUp(host: TestHost): Deno.ChildProcess {
  const command = [Deno.execPath(), "run", "--quiet", "--allow-all", `${root}mod.ts`, "up", "--no-install"];
  return host.spawn(command, { stdout: "null", stderr: "null", cwd: root });
}

/** Milliseconds until a shell condition holds in the host. */
async function until(host: TestHost, condition: string): Promise<number> {
  const before = performance.now();
  await host.run(["timeout", "120", "sh", "-c", `until ${condition}; do sleep 0.01; done`]);
  return performance.now() - before;
}

const apiReady = "curl -sk --max-time 1 https://127.0.0.1:6443/readyz | grep -q ok";
const exampleAnswers = "curl -sf --max-time 1 http://127.0.0.1:30080/ >/dev/null";

async function starts(host: TestHost): Promise<Deno.ChildProcess> {
  const before = performance.now();
  const up = spawnUp(host);
  await until(host, apiReady);
  say("up, nothing there yet: API ready", seconds(performance.now() - before));
  await until(host, exampleAnswers);
  say("up, nothing there yet: example answers", seconds(performance.now() - before));
  up.kill("SIGTERM");
  await up.status;
  const again = performance.now();
  const second = spawnUp(host);
  await until(host, apiReady);
  say("up on a prepared host: API ready", seconds(performance.now() - again));
  await until(host, exampleAnswers);
  say("up on a prepared host: example answers", seconds(performance.now() - again));
  return second;
}

async function podStarts(host: TestHost): Promise<void> {
  const endpoint = { ...endpointOf(`${host.folder}/kubeconfig`), hostname: host.address };
  const pods = "/api/v1/namespaces/default/pods";
  const writer = await Connection.open(endpoint);
  const times: number[] = [];
  for (let i = 0; i < 12; i++) {
    const name = `start-${i}`;
    const watcher = await Connection.open(endpoint);
    await watcher.send("GET", `${pods}?watch=true&fieldSelector=metadata.name%3D${name}`);
    await watcher.begun();
    const before = performance.now();
    const created = await writer.request("POST", pods, { body: pausePod(name) });
    if (created.status !== 201) throw new Error(new TextDecoder().decode(created.body));
    await running(watcher);
    times.push(performance.now() - before);
    watcher[Symbol.dispose]();
    await writer.request("DELETE", `${pods}/${name}?gracePeriodSeconds=1`);
    await until(host, `! docker ps -a --format '{{.Names}}' | grep -q '_${name}_'`);
  }
  say(
    "pod start, create to Running, image present",
    `p50 ${percentile(times, 0.5).toFixed(0)} ms  p90 ${percentile(times, 0.9).toFixed(0)} ms`,
  );
}

async function running(watcher: Connection): Promise<void> {
  for await (const chunk of watcher.stream()) {
    if (/"phase":"Running"/.test(new TextDecoder().decode(chunk))) return;
  }
  throw new Error("the watch ended before the pod ran");
}

function pausePod(name: string): string {
  const container = { name: "main", image: "d8s.local/pause:1" };
  return JSON.stringify({ metadata: { name }, spec: { containers: [container] } });
}

/** CPU seconds (user and system) and resident bytes of a process and its children. */
function usage(pid: number): { cpu: number; rss: number } {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ").map(Number);
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { cpu: ticks / 100, rss: Number(kilobytes) * 1024 };
}

async function idle(up: Deno.ChildProcess, secondsLong: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const before = usage(up.pid);
  await new Promise((resolve) => setTimeout(resolve, secondsLong * 1000));
  const after = usage(up.pid);
  const share = (after.cpu - before.cpu) / secondsLong * 100;
  say("idle with the example: master and node", `${share.toFixed(2)} % of a core  ${(after.rss / 1e6).toFixed(0)} MB`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

await using host = await testHost({ docker: true });
const up = await starts(host);
await podStarts(host);
await idle(up, 60);
up.kill("SIGTERM");
await up.status;
