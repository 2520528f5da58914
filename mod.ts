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
import type { Controller } from "./runtime/loop/mod.ts";
import type { Loops, MasterParts, NodeParts } from "./runtime/cli/loops.ts";

export * from "./runtime/loop/mod.ts";
export * from "./runtime/schema/kinds.ts";
export * from "./runtime/schema/label_selector.ts";
export * from "./runtime/schema/object.ts";
export * from "./runtime/schema/quantity.ts";
export * from "./runtime/schema/status_error.ts";
export { httpsClient } from "./runtime/client/https_client.ts";

/** What should be, beyond what one node can bring about; run by the master that holds the Lease. */
export async function masterLoops({ settings, pki, manifests }: MasterParts): Promise<readonly Controller[]> {
  const loops = await import("./controllers/mod.ts");
  const ca = pki.ca.cert;
  return [
    loops.namespaces,
    loops.serviceAccounts,
    loops.rootCa({ ca }),
    loops.replicaSets(),
    loops.replicationControllers(),
    loops.deployments,
    loops.endpointSlices,
    loops.endpoints,
    loops.garbageCollector(),
    loops.nodeIpam({ podCidr: settings.podCidr }),
    loops.nodeLifecycle,
    loops.certificateSigningRequests({ ca: pki.ca }),
    loops.scheduler(),
    loops.gitops({ folders: [systemManifests, ...manifests] }),
  ];
}

/** What is, on one machine: pods as containers, Services as rules, names as answers. */
export async function nodeLoops({ settings, credentials, engine }: NodeParts): Promise<readonly Controller[]> {
  const [{ kubelet }, network, auth] = await Promise.all([
    import("./controllers/kubelet/mod.ts"),
    import("./network/mod.ts"),
    import("./runtime/auth/mod.ts"),
  ]);
  const { nodeName, nodeIp, bridge, podCidr, serviceCidr, cniConfDir, cniBinDir, dataDir } = settings;
  return [
    network.overlay({ nodeName, nodeIp, bridge, podCidr, cniConfDir }),
    network.serviceProxy({ nodeName, nodeIp, bridge, podCidr, serviceCidr }),
    network.clusterDns({ nodeName, serviceCidr }),
    kubelet({
      nodeName,
      nodeIp,
      engine,
      rootDir: `${dataDir}/kubelet`,
      imagesDir: `${dataDir}/images`,
      cniConfDir,
      cniBinDirs: [cniBinDir],
      server: {
        hostname: settings.bindAddress,
        port: settings.kubeletPort,
        ...credentials.serving,
        clientCa: credentials.ca,
        authenticate: auth.clientCertificates(),
        authorize: auth.kubeletAuthorizer(),
      },
    }),
  ];
}

const here = import.meta.dirname!;
const systemManifests = `${here}/manifests/system`;

const loops: Loops = {
  version: "0.1.0",
  kubernetesVersion: "v1.36.0",
  manifestFilesPath: "/apis/gitops.d8s.io/v1/manifestfiles",
  exampleManifests: `${here}/manifests/examples/hello`,
  master: masterLoops,
  node: nodeLoops,
  async *undoNode() {},
};

if (import.meta.main) {
  const { runCommandLine } = await import("./runtime/cli/mod.ts");
  Deno.exit(await runCommandLine(Deno.args, loops));
}
