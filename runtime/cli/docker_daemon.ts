/**
 * Docker where it does not run yet: by the service manager where there is one, else as a process of its own that outlives
 * d8s (Ctrl-C ends d8s, containers keep running) and is used again at the next start. Only what d8s started is stopped.
 */
import { readIfThere } from "../auth/mod.ts";
import { askDocker } from "./host_facts.ts";
import type { Settings } from "./settings.ts";

const defaultSockets = ["/var/run/docker.sock", "/run/docker.sock"];
const patienceMs = 40_000;

export interface DaemonPlan {
  readonly command: readonly string[];
  readonly log: string;
  readonly pidFile: string;
}

/**
 * The daemon for a socket. Pods get their network from CNI, so it makes no bridge and no rules that `down` would have to
 * take back. One beside docker's usual place keeps all of its state in the data folder.
 */
export function planDaemon({ dockerHost, dataDir }: Pick<Settings, "dockerHost" | "dataDir">): DaemonPlan {
  const socket = dockerHost.replace("unix://", "");
  const pidFile = `${dataDir}/dockerd.pid`;
  const roots = [`--data-root=${dataDir}/docker`, `--exec-root=${dataDir}/docker-run`];
  const places = defaultSockets.includes(socket) ? [] : roots;
  const command = ["dockerd", `--host=${dockerHost}`, `--pidfile=${pidFile}`, "--bridge=none", "--iptables=false"];
  return { command: [...command, ...places], log: `${dataDir}/dockerd.log`, pidFile };
}

/** Resolves when docker answers. `started` is false when it already did. */
export async function ensureDocker(settings: Settings, systemd: boolean): Promise<{ started: boolean }> {
  const asked = await askDocker(settings.dockerHost);
  if (asked.reachable) return { started: false };
  if (!settings.dockerHost.startsWith("unix:")) {
    throw new Error(`docker at ${settings.dockerHost} does not answer: ${asked.error}; start it there`);
  }
  const plan = planDaemon(settings);
  if (systemd) await startService();
  else startDetached(plan);
  const { error } = await untilReachable(settings.dockerHost);
  if (error) throw new Error(`docker did not start (${error}); see ${systemd ? "journalctl -u docker" : plan.log}`);
  return { started: true };
}

async function startService(): Promise<void> {
  const { success, stderr } = await new Deno.Command("systemctl", { args: ["start", "docker"] }).output();
  if (!success) throw new Error(`systemctl start docker failed: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Its own session, so that the terminal's Ctrl-C does not reach it. */
function startDetached({ command, log }: DaemonPlan): void {
  const args = ["-c", 'log=$1; shift; umask 077; exec "$@" >>"$log" 2>&1', "dockerd", log, ...command];
  const child = new Deno.Command("sh", { args, stdin: "null", stdout: "null", stderr: "null", detached: true }).spawn();
  child.unref();
}

async function untilReachable(host: string): Promise<{ error?: string }> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { reachable, error } = await askDocker(host);
    if (reachable) return {};
    if (performance.now() > deadline) return { error };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Stops the daemon that d8s started for this data folder. False when there is none. */
export async function stopOwnDocker(settings: Pick<Settings, "dockerHost" | "dataDir">): Promise<boolean> {
  const { pidFile } = planDaemon(settings);
  const pid = Number(await readIfThere(pidFile) ?? "");
  if (!pid || !await isDockerd(pid)) return false;
  Deno.kill(pid, "SIGTERM");
  const deadline = performance.now() + 20_000;
  while (await isDockerd(pid)) {
    if (performance.now() > deadline) throw new Error(`dockerd (process ${pid}) did not stop within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return true;
}

async function isDockerd(pid: number): Promise<boolean> {
  return (await readIfThere(`/proc/${pid}/comm`).catch(() => ""))?.trim() === "dockerd";
}
