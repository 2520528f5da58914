/** The agent's configuration from a file; what it says in vain is told in the log, and by the Node. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { kubeletConfiguration, type ReadConfiguration } from "./configuration.ts";

const log = getLogger(["d8s", "kubelet"]);

/** Throws an Error that names the file when it cannot be read or is wrong. */
export async function kubeletConfigurationFrom(path: string): Promise<ReadConfiguration> {
  try {
    const read = kubeletConfiguration(load(await Deno.readTextFile(path)));
    if (read.ignored.length > 0) log.warn("settings of the kubelet are not honoured", { path, fields: read.ignored });
    return read;
  } catch (cause) {
    throw new Error(`kubelet configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}
