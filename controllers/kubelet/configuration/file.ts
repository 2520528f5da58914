/** The agent's configuration from a file; what it says in vain is told in the log, and by the Node. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { nodeAmounts } from "../node/amounts.ts";
import { machineFacts } from "../node/machine.ts";
import { logind } from "../shutdown/logind.ts";
import { shutdownGroups, shutdownMs } from "../shutdown/shutdown_plan.ts";
import type { NodeConfiguration } from "./document.ts";
import { kubeletConfiguration, type ReadConfiguration } from "./configuration.ts";

const log = getLogger(["d8s", "kubelet"]);

/** Throws an Error that names the file when it cannot be read, is wrong, or asks for what this machine can't do. */
export async function kubeletConfigurationFrom(path: string): Promise<ReadConfiguration> {
  try {
    const read = kubeletConfiguration(load(await Deno.readTextFile(path)));
    nodeAmounts(await machineFacts(), read.configuration);
    await checkShutdown(read.configuration);
    if (read.ignored.length > 0) log.warn("settings of the kubelet are not honoured", { path, fields: read.ignored });
    return read;
  } catch (cause) {
    throw new Error(`kubelet configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function checkShutdown(configuration: NodeConfiguration): Promise<void> {
  const ms = shutdownMs(shutdownGroups(configuration));
  if (ms === 0) return;
  await logind.check(ms).catch((cause) => {
    throw new Error(`shutdownGracePeriod: Forbidden: ${cause.message}`, { cause });
  });
}
