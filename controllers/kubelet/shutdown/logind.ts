/**
 * The machine's shutdown as systemd-logind tells of it, and the lock that holds it back until pods have ended.
 *
 * Source: https://systemd.io/INHIBITOR_LOCKS/, delay locks; org.freedesktop.login1(5), PrepareForShutdown.
 */
import $ from "dax";
import type { MachineShutdown, ShutdownHandlers } from "./machine_shutdown.ts";

const manager = ["org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"];
const rule = "type='signal',interface='org.freedesktop.login1.Manager',member='PrepareForShutdown'";
const settingsFolder = "/etc/systemd/logind.conf.d";

/** A delay that logind does not allow is allowed first, by a file of its settings. */
export const logind: MachineShutdown = {
  async check(ms) {
    if (await longestDelayMs() >= ms) return;
    await askForDelay(ms);
    const allowed = await longestDelayMs();
    if (allowed >= ms) return;
    throw new Error(
      `logind delays a shutdown by ${allowed / 1000}s at most: InhibitDelayMaxSec in logind.conf must be ` +
        `${Math.ceil(ms / 1000)} or more`,
    );
  },
  watch(handlers, signal) {
    follow(handlers, signal).catch((error) => signal.aborted || handlers.failed(error));
  },
};

async function longestDelayMs(): Promise<number> {
  const answer = await $`busctl get-property ${manager} InhibitDelayMaxUSec`.quiet().noThrow();
  const [, microseconds] = /^t (\d+)/.exec(answer.code === 0 ? answer.stdout : "") ?? [];
  if (microseconds === undefined) throw new Error("there is no systemd-logind on this machine to delay a shutdown");
  return Number(microseconds) / 1000;
}

/** logind reads its files again when told to; who asks it after that is answered after that. (KEP-2000) */
async function askForDelay(ms: number): Promise<void> {
  await Deno.mkdir(settingsFolder, { recursive: true, mode: 0o755 });
  const text = `# The node's pods need this long to end.\n[Login]\nInhibitDelayMaxSec=${Math.ceil(ms / 1000)}\n`;
  await Deno.writeTextFile(`${settingsFolder}/99-kubelet.conf`, text, { mode: 0o644 });
  await $`systemctl kill --kill-who=main --signal=HUP systemd-logind.service`.quiet();
}

async function follow({ begun, cancelled }: ShutdownHandlers, signal: AbortSignal): Promise<void> {
  let lock = holdBack();
  signal.addEventListener("abort", () => release(lock), { once: true });
  const monitor = spawn("busctl", ["--json=short", `--match=${rule}`, "monitor"]);
  signal.addEventListener("abort", () => monitor.kill(), { once: true });
  for await (const line of linesOf(monitor)) {
    if (!line.includes("PrepareForShutdown")) continue;
    if (/"data":\[true\]/.test(line)) await begun().finally(() => release(lock));
    else {
      cancelled();
      lock = holdBack();
    }
  }
  throw new Error("the system's bus is no longer heard");
}

async function* linesOf(process: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** The lock lasts as long as `cat` reads: it goes with this process, however that ends. */
function holdBack(): Deno.ChildProcess {
  return spawn("systemd-inhibit", ["--what=shutdown", "--mode=delay", "--who=d8s", "--why=pods end first", "cat"]);
}

function release(lock: Deno.ChildProcess): void {
  // Released already.
  lock.stdin.close().catch(() => {});
}

function spawn(program: string, args: string[]): Deno.ChildProcess {
  return new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
}
