/**
 * The `kubernetes` Service: how pods find the API server. It has no selector; the API server keeps its endpoints itself,
 * at its start and whenever somebody changes them.
 */
import type { KubeObject } from "../../schema/mod.ts";
import type { WatchCache } from "../cache/mod.ts";
import { ensureExists, ensureMatches, type Keeper } from "./ensure.ts";
import { keepUp } from "./keep_up.ts";

/** Where other machines and pods reach this API server. */
export interface Advertised {
  readonly address: string;
  readonly port: number;
}

const place = { name: "kubernetes", namespace: "default" };
const path = `${place.namespace}/${place.name}`;
const watched = ["/registry/services/specs", "/registry/services/endpoints", "/registry/endpointslices"];

export interface KubernetesService {
  readonly keeper: Keeper;
  readonly cache: WatchCache;
  /** First address of the service range. */
  readonly clusterIp: string;
  readonly advertised: Advertised;
  readonly onTrouble: (error: unknown) => void;
}

/** Resolves when it is there; dispose to stop keeping it. */
export function keepKubernetesService(options: KubernetesService): Promise<Disposable> {
  const { cache, onTrouble } = options;
  return keepUp({ cache, prefixes: watched, path, reconcile: () => reconcile(options), onTrouble });
}

async function reconcile({ keeper, clusterIp, advertised }: KubernetesService): Promise<void> {
  await ensureExists(keeper, service(clusterIp, advertised));
  // A machine without a network: what only it can reach is no endpoint for others, and would be refused as one.
  if (advertised.address.startsWith("127.")) return;
  await ensureMatches(keeper, endpoints(advertised));
  await ensureMatches(keeper, endpointSlice(advertised));
}

function service(clusterIP: string, { port }: Advertised): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...place, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: "ClusterIP",
      clusterIP,
      clusterIPs: [clusterIP],
      sessionAffinity: "None",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
    },
  };
}

function endpoints({ address, port }: Advertised): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...place, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
}

function endpointSlice({ address, port }: Advertised): KubeObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...place, labels: { "kubernetes.io/service-name": place.name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
}
