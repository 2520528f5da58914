/** Takes every pod's containers, control groups, networks and mounts off this node, without asking the API server: for `down`. */
import type { Engine } from "../../runtime/engine/mod.ts";
import { defaultConfiguration } from "./configuration/mod.ts";
import { observe, uidLabel } from "./container/identity.ts";
import { PodGroups } from "./groups/pod_groups.ts";
import { PodNetwork } from "./network/pod_network.ts";
import { pluginRunner } from "./network/run_plugin.ts";
import { machineFacts } from "./node/machine.ts";
import { defaults, type KubeletOptions } from "./options.ts";
import { forgetKnownRoot } from "./volumes/csi/known_root.ts";
import { unmountBelow } from "./volumes/mounts.ts";

type Place = Pick<KubeletOptions, "rootDir" | "wellKnownDir" | "cniConfDir" | "cniBinDirs" | "configuration">;
type RemoveOptions = Place & { readonly engine?: Engine };

const graceSeconds = 2;

/** Without an engine only networks and mounts go, and control groups stay. Returns how many containers went. */
export async function removePods({ engine, ...options }: RemoveOptions): Promise<number> {
  const { rootDir = defaults.rootDir, cniConfDir = defaults.cniConfDir, cniBinDirs = defaults.cniBinDirs } = options;
  const stateDir = `${rootDir}/network`;
  const network = new PodNetwork({ stateDir, confDir: cniConfDir, run: pluginRunner(cniBinDirs) });
  const found = (await engine?.list(uidLabel) ?? []).flatMap((state) => observe(state) ?? []);
  const ordinary = found.filter(({ isSandbox }) => !isSandbox);
  await Promise.all(ordinary.map(({ state }) => engine!.stop(state.id, graceSeconds)));
  // While the sandboxes still hold their network namespaces.
  for (const id of await network.recorded()) await network.disconnect(id);
  await Promise.all(found.map(({ state }) => engine!.remove(state.id)));
  const uids = [...found.map(({ podUid }) => podUid), ...await foldersIn(`${rootDir}/pods`)];
  if (engine) await removeGroups(engine, options, [...new Set(uids)]);
  await unmountBelow(rootDir);
  await forgetKnownRoot(rootDir, options.wellKnownDir);
  return found.length;
}

async function removeGroups(engine: Engine, { configuration: read }: RemoveOptions, uids: string[]): Promise<void> {
  const { configuration } = read ?? { configuration: defaultConfiguration };
  const groups = new PodGroups({
    ...{ engine, configuration, machine: await machineFacts() },
    pods: () => [],
    onLoose: () => {},
  });
  await groups.removeAll(uids);
}

async function foldersIn(path: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(path))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
