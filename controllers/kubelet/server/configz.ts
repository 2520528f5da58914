/** `/configz`: the configuration that is in force, as a KubeletConfiguration. Only what this agent honours is told. */
import { documentOf } from "../configuration/mod.ts";
import { mayLowerOomScore } from "../node/machine.ts";
import { defaults } from "../options.ts";
import type { Agent } from "../sync/agent.ts";

export function configz({ options, configuration, machine }: Agent): object {
  return {
    kubeletconfig: {
      ...documentOf(configuration),
      address: options.server?.hostname ?? "0.0.0.0",
      port: options.server?.port ?? defaults.port,
      kernelMemcgNotification: false,
      oomScoreAdj: mayLowerOomScore(machine) ? -999 : 0,
    },
  };
}
