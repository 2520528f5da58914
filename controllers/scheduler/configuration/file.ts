/** The scheduler's configuration from a file; what it says in vain is told in the log. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { type SchedulerConfiguration, schedulerConfiguration } from "./configuration.ts";

const log = getLogger(["d8s", "scheduler"]);

/** Throws an Error that names the file when it cannot be read or is wrong. */
export async function schedulerConfigurationFrom(path: string): Promise<SchedulerConfiguration> {
  try {
    const configuration = schedulerConfiguration(load(await Deno.readTextFile(path)));
    for (const warning of configuration.warnings) log.warn("a setting is not honoured", { path, warning });
    return configuration;
  } catch (cause) {
    throw new Error(`scheduler configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}
