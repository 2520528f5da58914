/** `/configz`: the configuration that is in force, as a KubeletConfiguration. Only what this agent honours is told. */
import { mayLowerOomScore } from "../node/machine.ts";
import { defaults } from "../options.ts";
import type { Agent } from "../sync/agent.ts";

export function configz({ options, machine }: Agent): object {
  return {
    kubeletconfig: {
      kind: "KubeletConfiguration",
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      address: options.server?.hostname ?? "0.0.0.0",
      port: options.server?.port ?? defaults.port,
      clusterDomain: options.clusterDomain ?? defaults.clusterDomain,
      clusterDNS: options.clusterDns ?? defaults.clusterDns,
      maxPods: options.maxPods ?? defaults.maxPods,
      cgroupsPerQOS: false,
      enforceNodeAllocatable: ["none"],
      nodeStatusUpdateFrequency: "10s",
      nodeStatusReportFrequency: "5m0s",
      nodeLeaseDurationSeconds: 40,
      kernelMemcgNotification: false,
      oomScoreAdj: mayLowerOomScore(machine) ? -999 : 0,
    },
  };
}
