/** `d8s down`: everything that d8s made on this machine goes; its data only when asked for, and confirmed. */
import { dockerEngine } from "../engine/mod.ts";
import { askDocker } from "./host_facts.ts";
import { stopOwnDocker } from "./docker_daemon.ts";
import { changeKubeconfig, contextName, removeAccess } from "./kubeconfig.ts";
import type { Loops } from "./loops.ts";
import { lockHolder } from "./process_lock.ts";
import { type Progress, terminalProgress } from "./progress.ts";
import type { Settings } from "./settings.ts";

export interface DownOptions {
  /** Remove the data folder and the kubeconfig context as well. */
  readonly purge: boolean;
  /** Do not ask. */
  readonly yes: boolean;
}

const stopPatienceMs = 10_000;

export async function down(settings: Settings, loops: Loops, { purge, yes }: DownOptions): Promise<void> {
  const show = terminalProgress();
  if (purge && !yes && !await confirm(settings)) return show.line("nothing was removed");
  const pid = await lockHolder(settings.dataDir);
  if (pid) await show.step(`stopped d8s (process ${pid})`, () => stopProcess(pid, settings));
  await undo(settings, loops, show);
  if (await stopOwnDocker(settings)) show.line("✓ stopped the docker that d8s had started");
  if (!purge) return show.line(`data stays in ${settings.dataDir} (d8s down --purge removes it)`);
  await show.step(`removed ${settings.dataDir} and the context ${contextName} in ${settings.kubeconfig}`, async () => {
    await Deno.remove(settings.dataDir, { recursive: true }).catch(ignoreAbsent);
    if (await isThere(settings.kubeconfig)) await changeKubeconfig(settings.kubeconfig, removeAccess);
  });
}

async function undo(settings: Settings, loops: Loops, show: Progress): Promise<void> {
  const { reachable, error } = await askDocker(settings.dockerHost);
  if (!reachable) show.warn(`docker at ${settings.dockerHost} does not answer (${error}): containers, if any, stay`);
  const engine = dockerEngine({ host: settings.dockerHost });
  for await (const line of loops.undoNode({ settings, engine })) show.line(`✓ ${line}`);
}

async function confirm({ dataDir }: Settings): Promise<boolean> {
  if (!Deno.stdin.isTerminal()) throw new Error(`--purge removes ${dataDir} with all objects in it: say --yes as well`);
  const { confirm, isCancel } = await import("@clack/prompts");
  const answer = await confirm({ message: `Remove ${dataDir} with every object and key in it?`, initialValue: false });
  return !isCancel(answer) && answer;
}

async function stopProcess(pid: number, { dataDir }: Settings): Promise<void> {
  Deno.kill(pid, "SIGTERM");
  const deadline = performance.now() + stopPatienceMs;
  while (await lockHolder(dataDir) === pid) {
    if (performance.now() > deadline) {
      throw new Error(`process ${pid} did not stop within 10 s; end it with: kill -9 ${pid}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(path).then(() => true, () => false);
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
