/** `d8s up`: one machine is master and node, in one process, from a bare host to the example's first answer. */
import { resolve } from "node:path";
import { changeKubeconfig, contextName, mergeAccess } from "./kubeconfig.ts";
import { untilFolderApplied } from "./folder_applied.ts";
import { wrongWithFile } from "./status_report.ts";
import { localServer } from "./cluster_access.ts";
import { openDataFolder } from "./data_folder.ts";
import { aborted, stopInTime, stopSignal, surviveStrayFailures } from "./foreground.ts";
import { prepareHost } from "./host_preparation.ts";
import { configureLogs } from "./logging.ts";
import type { Loops } from "./loops.ts";
import { makePki, type Master, openSettingsStore, startMaster } from "./master_process.ts";
import { type RunningNode, startNode, untilNodeReady } from "./node_process.ts";
import { takeLock } from "./process_lock.ts";
import { type Progress, terminalProgress } from "./progress.ts";
import { readinessTable, untilWorkloadsReady } from "./readiness_table.ts";
import type { Settings } from "./settings.ts";

const nodePatienceMs = 60_000;
const workloadPatienceMs = 60_000;

export async function up(settings: Settings, loops: Loops): Promise<void> {
  const show = terminalProgress();
  show.line(`d8s ${loops.version} on ${settings.nodeName} (${settings.nodeIp}), data in ${settings.dataDir}`);
  const signal = stopSignal();
  using _lock = await takeLock(settings.dataDir);
  await openDataFolder(settings.dataDir, loops.version);
  await configureLogs({ file: `${settings.dataDir}/d8s.log`, verbose: settings.verbose, print: show.line });
  surviveStrayFailures();
  await prepareHost(settings, { master: true, node: true }, show);
  const manifests = await manifestFolders(settings, loops.exampleManifests, show);
  const master = await bringUpMaster({ settings, loops, manifests, withNode: true }, show);
  let node: RunningNode | undefined;
  let failure: unknown;
  try {
    node = await bringUpNode(settings, loops, master, show);
    await mergeContext(settings, master, show);
    master.onRenewed(async () => {
      await mergeContext(settings, master, show);
      await node?.stop();
      node = await bringUpNode(settings, loops, master, show);
    });
    await untilNode(settings, master, signal, show);
    await showResult({ master, loops, manifests, signal }, show);
    await aborted(signal);
  } catch (error) {
    if (!signal.aborted) failure = error;
    throw error;
  } finally {
    show.line("stopping; containers keep running (d8s down removes them)");
    const stop = async () => {
      await node?.stop();
      await master.stop(1000);
    };
    await stopInTime(stop, show.warn, failure);
  }
}

/** Absolute, so that files keep their identity wherever d8s is started from. One that is missing may come later. */
export async function manifestFolders({ manifests }: Settings, otherwise: string, show: Progress): Promise<string[]> {
  const folders = (manifests ?? [otherwise]).map((folder) => resolve(folder));
  for (const folder of folders) {
    const there = await Deno.stat(folder).then(({ isDirectory }) => isDirectory, () => false);
    if (!there) show.warn(`there is no folder ${folder} (--manifests): nothing is applied from it until it comes`);
  }
  return folders;
}

export async function bringUpMaster(options: Parameters<typeof startMaster>[0], show: Progress): Promise<Master> {
  const { settings } = options;
  const [pki, store] = await Promise.all([
    show.step("keys and certificates are in order", () => makePki(options)),
    show.step(`opened the store ${settings.store}`, () => openSettingsStore(settings)),
  ]);
  return await show.step(`API server answers on ${localServer(settings)}`, async () => {
    const master = await startMaster(options, { pki, store });
    await master.startLoops();
    return master;
  });
}

function bringUpNode(settings: Settings, loops: Loops, master: Master, show: Progress): Promise<RunningNode> {
  const { pki: { ca, nodeServing }, client } = master;
  return show.step(
    "node loops run",
    () => startNode({ settings, loops, client, credentials: { ca: ca.cert, serving: nodeServing! } }),
  );
}

async function mergeContext(settings: Settings, { pki }: Master, show: Progress): Promise<void> {
  const { kubeconfig } = settings;
  await show.step(`kubectl's context is ${contextName}, in ${kubeconfig}`, () => {
    const access = { server: localServer(settings), ca: pki.ca.cert, ...pki.admin };
    return changeKubeconfig(kubeconfig, (config) => mergeAccess(config, access));
  });
}

/** A node that is not ready is told, not fatal: its loops keep trying, and `d8s status` says why. */
async function untilNode(
  { nodeName }: Settings,
  { client }: Master,
  signal: AbortSignal,
  show: Progress,
): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(nodePatienceMs)]);
  try {
    await show.step(`node ${nodeName} is ready`, () => untilNodeReady(client, nodeName, patience));
  } catch (error) {
    if (!signal.aborted) show.warn((error as Error).message);
  }
}

interface Shown {
  readonly master: Master;
  readonly loops: Loops;
  readonly manifests: readonly string[];
  readonly signal: AbortSignal;
}

async function showResult({ master: { client }, loops, manifests, signal }: Shown, show: Progress): Promise<void> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(workloadPatienceMs)]);
  const files = await show.step(`applied ${manifests.join(", ")}`, async (note) => {
    const folders = { client, kind: loops.manifestFiles, folders: manifests, signal: patience };
    const files = await untilFolderApplied(folders);
    note(files.length === 1 ? "1 file" : `${files.length} files`);
    return files;
  });
  for (const file of files.flatMap(wrongWithFile)) show.warn(file);
  const ready = await show.step("workloads are ready", () => untilWorkloadsReady(client, patience));
  if (signal.aborted) return;
  const { rows, url } = await readinessTable(client);
  show.line(["", ...rows.map((row) => `  ${row}`)].join("\n"));
  if (!ready) show.warn("not everything is ready yet: d8s status says why");
  const third = url ? `  curl ${url}` : "  kubectl explain deployment.spec";
  show.line(["", "Try:", "  kubectl get nodes,pods,svc -A", third, "  deno task d8s status", ""].join("\n"));
  show.line("Ctrl-C stops d8s; containers keep running.");
}
