/** A whole machine from `up` on, in a test host with docker already running: start, pods, idle: the figures of the node agent. */
import { type TestHost, testHost } from "../support/host.ts";
import { importBusybox } from "../support/busybox_image.ts";
import { percentile, say } from "./figures.ts";
import { obedient, PodLife, probed, stubborn } from "./pod_life.ts";

const root = new URL("../../", import.meta.url).pathname;
const d8s = [Deno.execPath(), "run", "--quiet", "--allow-all", `${root}mod.ts`];
/** After work, before a process counts as idle. */
const settleMs = 15_000;
const idleMs = 60_000;

function spawnUp(host: TestHost): Deno.ChildProcess {
  return host.spawn([...d8s, "up", "--no-install"], { stdout: "null", stderr: "null", cwd: root });
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

async function podLives(host: TestHost): Promise<void> {
  const life = await PodLife.on(host);
  await importBusybox(host);
  const { total, parts } = await life.starts();
  say("create to Running, image present", percentiles(total));
  console.log(`  of it: ${Object.entries(parts).map(([step, ms]) => `${step} ${ms.toFixed(0)} ms`).join(", ")}`);
  say("delete to gone, 1 s grace, SIGTERM ignored", percentiles(await life.deletes(stubborn, 1)));
  say("delete to gone, SIGTERM obeyed", percentiles(await life.deletes(obedient, 30)));
  const { told, again } = await life.crashes();
  say("docker's event to a watcher", percentiles(told));
  say("a crashed container runs again, the first time", percentiles(again));
}

async function many(host: TestHost): Promise<void> {
  const life = await PodLife.on(host);
  say("30 pods of one Deployment, all Running", seconds(await life.deployment(30, probed)));
}

function percentiles(times: readonly number[]): string {
  return `p50 ${percentile(times, 0.5).toFixed(0)} ms  p90 ${percentile(times, 0.9).toFixed(0)} ms`;
}

/** CPU seconds (user and system) and resident bytes of a process and its children. */
function usage(pid: number): { cpu: number; rss: number } {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ").map(Number);
  const [, kilobytes = "0"] = /VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
  return { cpu: ticks / 100, rss: Number(kilobytes) * 1024 };
}

interface Idle {
  /** Percent of a core. */
  readonly share: number;
  readonly rss: number;
}

async function idle({ pid }: Deno.ChildProcess): Promise<Idle> {
  await new Promise((resolve) => setTimeout(resolve, settleMs));
  const before = usage(pid);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const after = usage(pid);
  return { share: (after.cpu - before.cpu) / idleMs * 100_000, rss: after.rss };
}

/** What a node costs is what `up` takes more than a master alone. */
async function masterAlone(): Promise<Idle> {
  await using host = await testHost();
  const master = host.spawn([...d8s, "master"], { stdout: "null", stderr: "null", cwd: root });
  await until(host, apiReady);
  const figures = await idle(master);
  master.kill("SIGTERM");
  await master.status;
  return figures;
}

function sayIdle(name: string, { share, rss }: Idle, master: Idle): void {
  const over = `node ${(share - master.share).toFixed(2)} %, ${((rss - master.rss) / 1e6).toFixed(0)} MB`;
  say(name, `${share.toFixed(2)} % of a core, ${(rss / 1e6).toFixed(0)} MB; ${over}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

const master = await masterAlone();
say("idle: a master alone", `${master.share.toFixed(2)} % of a core, ${(master.rss / 1e6).toFixed(0)} MB`);
await using host = await testHost({ docker: true });
const up = await starts(host);
sayIdle("idle with 3 pods", await idle(up), master);
await podLives(host);
await many(host);
sayIdle("idle with 33 pods, 60 probes every 10 s", await idle(up), master);
up.kill("SIGTERM");
await up.status;
Deno.exit(0);
