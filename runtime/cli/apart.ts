/** `d8s master` and `d8s node`: the two halves as processes of their own, which speak HTTPS only. */
import { parseJoinToken } from "../auth/mod.ts";
import { httpsClient } from "../client/mod.ts";
import { changeKubeconfig, contextName, mergeAccess } from "./kubeconfig.ts";
import { localServer } from "./cluster_access.ts";
import { openDataFolder } from "./data_folder.ts";
import { aborted, stopInTime, stopSignal, surviveStrayFailures } from "./foreground.ts";
import { prepareHost } from "./host_preparation.ts";
import { join, type Joined, untilRenewal } from "./join.ts";
import { configureLogs } from "./logging.ts";
import type { Loops } from "./loops.ts";
import { startNode } from "./node_process.ts";
import { takeLock } from "./process_lock.ts";
import { type Progress, terminalProgress } from "./progress.ts";
import type { Settings } from "./settings.ts";
import { bringUpMaster, manifestFolders } from "./up.ts";

export async function master(settings: Settings, loops: Loops): Promise<void> {
  const { show, signal, lock } = await begin("master", settings, loops);
  using _lock = lock;
  await prepareHost(settings, { master: true, node: false }, show);
  const own = `${settings.dataDir}/manifests`;
  if (!settings.manifests) await Deno.mkdir(own, { recursive: true, mode: 0o700 });
  const manifests = await manifestFolders(settings, own, show);
  const running = await bringUpMaster({ settings, loops, manifests, withNode: false }, show);
  const access = () => ({ server: localServer(settings), ca: running.pki.ca.cert, ...running.pki.admin });
  const merge = () => changeKubeconfig(settings.kubeconfig, (config) => mergeAccess(config, access()));
  await show.step(`kubectl's context is ${contextName}, in ${settings.kubeconfig}`, merge);
  running.onRenewed(merge);
  show.line(`The line that a node joins with: deno task master token create${flagsOf(settings)}`);
  await aborted(signal);
  show.line("stopping");
  await stopInTime(() => running.stop(1000), show.warn);
}

export async function node(settings: Settings, loops: Loops): Promise<void> {
  const { server } = settings;
  if (!server) throw new Error("--server is needed: the address of the master, https://HOST:6443");
  const { show, signal, lock } = await begin("node", settings, loops);
  using _lock = lock;
  await prepareHost(settings, { master: false, node: true }, show);
  // When a certificate nears its end the loops start again with the next one; containers do not notice.
  while (!signal.aborted) {
    const joined = await show.step(`joined ${server}`, () => joinCluster(settings, server, signal));
    await serve(settings, loops, { joined, server, signal, show });
  }
}

interface Membership {
  readonly joined: Joined;
  readonly server: string;
  readonly signal: AbortSignal;
  readonly show: Progress;
}

async function serve(settings: Settings, loops: Loops, { joined, server, signal, show }: Membership): Promise<void> {
  using client = httpsClient({ server, ca: joined.ca, ...joined.client });
  const running = await show.step("node loops run", () => startNode({ settings, loops, client, credentials: joined }));
  await untilRenewal(joined, signal);
  if (signal.aborted) show.line("stopping; containers keep running (d8s down removes them)");
  await stopInTime(() => running.stop(), show.warn);
}

async function joinCluster(settings: Settings, server: string, signal: AbortSignal): Promise<Joined> {
  const { dataDir, nodeName, nodeIp, tokenFile } = settings;
  const text = settings.token ?? (tokenFile && await Deno.readTextFile(tokenFile));
  const token = text ? parseJoinToken(text) : undefined;
  return await join({ server, token, nodeName, nodeIp, dir: `${dataDir}/node`, signal });
}

async function begin(half: string, settings: Settings, { version }: Loops) {
  const show = terminalProgress();
  show.line(`d8s ${version} ${half} on ${settings.nodeName} (${settings.nodeIp}), data in ${settings.dataDir}`);
  const signal = stopSignal();
  const lock = await takeLock(settings.dataDir);
  await openDataFolder(settings.dataDir, version);
  await configureLogs({ file: `${settings.dataDir}/d8s.log`, verbose: settings.verbose, print: show.line });
  surviveStrayFailures();
  return { show, signal, lock };
}

function flagsOf({ dataDir, port }: Settings): string {
  return `${dataDir === "/var/lib/d8s" ? "" : ` --data-dir ${dataDir}`}${port === 6443 ? "" : ` --port ${port}`}`;
}
