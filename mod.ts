/**
 * The front door of d8s. A controller author imports from here; run as a program it is the command line.
 *
 * It is also the composition root: `masterLoops` and `nodeLoops` list every loop there is. Rooms know each other only
 * through what is passed to them here. What a loop needs is loaded when loops start, so that `d8s version` stays quick.
 *
 * ```ts
 * import { ConfigMap, controller, done, httpsClient, runControllers } from "./mod.ts";
 * ```
 */
import { kind } from "./runtime/schema/kinds.ts";
import type { Controller } from "./runtime/loop/mod.ts";
import type { Loops, MasterParts, NodeParts } from "./runtime/cli/loops.ts";
import type { Settings } from "./runtime/cli/settings.ts";

export * from "./runtime/loop/mod.ts";
export * from "./runtime/schema/kinds.ts";
export * from "./runtime/schema/label_selector.ts";
export * from "./runtime/schema/object.ts";
export * from "./runtime/schema/quantity.ts";
export * from "./runtime/schema/status_error.ts";
export { kubeconfigAccess, podAccess } from "./runtime/client/access.ts";
export { httpsClient } from "./runtime/client/https_client.ts";

/** What should be, beyond what one node can bring about; run by the master that holds the Lease. */
export async function masterLoops(parts: MasterParts): Promise<readonly Controller[]> {
  const loops = await import("./controllers/mod.ts");
  const { settings, pki, manifests } = parts;
  const { schedulerConfig } = settings;
  return [
    loops.namespaces,
    loops.serviceAccounts,
    loops.resourceQuotas(),
    loops.rootCa({ ca: pki.ca.cert }),
    loops.serviceAccountTokens(parts),
    loops.tokenSecretCleaner(),
    loops.replicaSets,
    loops.replicationControllers,
    loops.deployments,
    loops.statefulSets,
    loops.daemonSets,
    loops.jobs,
    loops.jobOrphans,
    loops.cronJobs,
    loops.ttlAfterFinished,
    loops.disruptions,
    loops.horizontalPodAutoscalers(),
    loops.ephemeralVolumes,
    loops.resourceClaims,
    loops.resourceClaimRelease,
    loops.persistentVolumes,
    loops.persistentVolumeClaims,
    loops.localProvisioner,
    loops.localReclaim,
    loops.endpointSlices,
    loops.endpointSliceMirroring,
    loops.endpoints,
    loops.serviceCidrs,
    loops.clusterIpRepair,
    loops.ipAddressRepair,
    loops.nodePortRepair(),
    loops.garbageCollector(),
    ...(settings.loadBalancer === "nodes" ? [loops.loadBalancers({ reserved: ownPorts(settings) })] : []),
    loops.nodeIpam({ podCidrs: settings.podCidrs, nodeBits: settings.nodeBits }),
    loops.nodeTtl(),
    loops.nodeLifecycle(),
    loops.taintEviction,
    loops.deviceTaintEviction,
    loops.podGc(),
    loops.certificateSigningRequests(parts),
    loops.bootstrapTokens(),
    loops.clusterInfo({ ca: pki.ca.cert, server: `https://${settings.nodeIp}:${settings.port}` }),
    loops.clusterRoleAggregation,
    loops.claimProtection,
    loops.volumeProtection,
    loops.attributesClassProtection,
    loops.attachDetach,
    loops.scheduler(schedulerConfig ? await loops.schedulerConfigurationFrom(schedulerConfig) : undefined),
    loops.gitops({ folders: [systemManifests, ...manifests] }),
    ...(settings.fakeNodes === undefined
      ? []
      : [loops.fakeNodes({ count: settings.fakeNodes }), loops.fakeNodeLeases()]),
  ];
}

/** What is, on one machine: pods as containers, Services as rules, names as answers. */
export async function nodeLoops({ settings, credentials, engine }: NodeParts): Promise<readonly Controller[]> {
  const [{ kubelet, kubeletConfigurationFrom }, { localFolders }, network, auth, { addressIn }] = await Promise.all([
    import("./controllers/kubelet/mod.ts"),
    import("./controllers/local_provisioner/folders.ts"),
    import("./network/mod.ts"),
    import("./runtime/auth/mod.ts"),
    import("./runtime/cli/settings.ts"),
  ]);
  const { nodeName, nodeIp, podCidrs: [podCidr], serviceCidr, dataDir, bindAddress, kubeletPort, kubeletConfig } =
    settings;
  const server = { hostname: bindAddress, port: kubeletPort, ...credentials.serving, clientCa: credentials.ca };
  const identity = { authenticate: auth.clientCertificates(), authorize: auth.kubeletAuthorizer() };
  const configuration = kubeletConfig ? await kubeletConfigurationFrom(kubeletConfig) : undefined;
  return [
    network.overlay({ nodeName, podCidr, ...places(settings).overlay }),
    network.serviceProxy({ nodeName, podCidr, ...places(settings).proxy }),
    network.clusterDns({ nodeName, serviceCidr, domain: configuration?.configuration.clusterDomain }),
    localFolders({ nodeName, folder: places(settings).kubelet.localVolumesDir }),
    kubelet({
      clusterDns: [addressIn(serviceCidr, 10)],
      ...{ nodeName, nodeIp, engine, ...places(settings).kubelet },
      imagesDir: `${dataDir}/images`,
      configuration,
      server: { ...server, ...identity },
    }),
  ];
}

/** Takes away what the node loops made in the world, the pods first. */
async function* undoNode({ settings, engine }: Parameters<Loops["undoNode"]>[0]): AsyncIterable<string> {
  const [{ kubeletConfigurationFrom, removePods }, network] = await Promise.all([
    import("./controllers/kubelet/mod.ts"),
    import("./network/mod.ts"),
  ]);
  const { kubelet, overlay, proxy } = places(settings);
  const { kubeletConfig } = settings;
  // Whatever has become wrong in it since: what is there goes.
  const configuration = kubeletConfig
    ? await kubeletConfigurationFrom(kubeletConfig).catch(() => undefined)
    : undefined;
  const removed = await removePods({ engine, ...kubelet, configuration });
  yield `removed ${removed} containers, with their control groups, networks and mounts`;
  await network.removeProxy(proxy);
  yield "removed the rules of Services";
  await network.removeOverlay(overlay);
  yield `removed the bridge ${settings.bridge}, routes and CNI configuration`;
}

/** What a machine is reached at besides Services: none of them may take that over. */
function ownPorts({ port, kubeletPort }: Settings): ReadonlyMap<string, string> {
  return new Map([
    [`${port}/TCP`, "the API server"],
    [`${kubeletPort}/TCP`, "the kubelet"],
    ["10053/TCP", "the cluster's DNS"],
    ["10053/UDP", "the cluster's DNS"],
    ["22/TCP", "ssh"],
  ]);
}

/** Where the node loops keep what they must find again, also when it is to be taken away. */
function places({ dataDir, cniConfDir, cniBinDir, bridge }: Settings) {
  return {
    kubelet: {
      rootDir: `${dataDir}/kubelet`,
      wellKnownDir: "/var/lib/kubelet",
      localVolumesDir: `${dataDir}/volumes`,
      cniConfDir,
      cniBinDirs: [cniBinDir],
    },
    overlay: { stateDir: `${dataDir}/overlay`, cniConfDir, bridge },
    proxy: { stateDir: `${dataDir}/proxy` },
  };
}

const here = import.meta.dirname!;
const systemManifests = `${here}/manifests/system`;

const loops: Loops = {
  version: "0.1.0",
  kubernetesVersion: "v1.36.0",
  manifestFiles: kind("gitops.d8s.io/v1", "ManifestFile", "manifestfiles", false),
  exampleManifests: `${here}/manifests/examples/hello`,
  master: masterLoops,
  node: nodeLoops,
  undoNode,
};

if (import.meta.main) {
  const { runCommandLine } = await import("./runtime/cli/mod.ts");
  Deno.exit(await runCommandLine(Deno.args, loops));
}
