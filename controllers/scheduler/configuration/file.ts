/** The scheduler's configuration from a file; what it says in vain is told in the log. */
import { getLogger } from "@logtape/logtape";
import { load } from "js-yaml";
import { connected } from "../extenders/connect.ts";
import type { SchedulerOptions } from "../scheduler.ts";
import { schedulerConfiguration } from "./configuration.ts";

const log = getLogger(["d8s", "scheduler"]);

/** Throws an Error that names the file when it, or a file that it names, cannot be read or is wrong. */
export async function schedulerConfigurationFrom(path: string): Promise<SchedulerOptions> {
  try {
    const { warnings, profiles, backOff, extenders } = schedulerConfiguration(load(await Deno.readTextFile(path)));
    for (const warning of warnings) log.warn("a setting is not honoured", { path, warning });
    return { profiles, backOff, extenders: await Promise.all(extenders.map(connected)) };
  } catch (cause) {
    throw new Error(`scheduler configuration ${path}: ${(cause as Error).message}`, { cause });
  }
}
