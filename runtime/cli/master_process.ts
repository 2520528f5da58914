/** The master's half: PKI, store, API server and its loops, from start to stop. It prints nothing. */
import { getLogger } from "@logtape/logtape";
import type { AuditOptions } from "../api/audit/mod.ts";
import { type Api, createApi, serveApi, tlsKubeletDialer } from "../api/mod.ts";
import {
  anyOf,
  type BootstrapSecret,
  bootstrapTokens,
  clientCertificates,
  type ClusterAccess,
  clusterAccess,
  ensurePki,
  lastUsedLabel,
  loopUser,
  type Pki,
  requestHeaders,
  serviceAccountTokens,
  type TokenIssuer,
  tokenIssuer,
  type TokenKeys,
} from "../auth/mod.ts";
import { inProcessClient } from "../client/mod.ts";
import { type Client, runControllers, type Running, systemClock } from "../loop/mod.ts";
import { type Kind, Node, Pod, type Ref, Secret, ServiceAccount } from "../schema/mod.ts";
import type { EncryptedStore } from "../store/encryption/mod.ts";
import { openStore, type Store } from "../store/mod.ts";
import { chosenAdmission } from "./admission.ts";
import { openAudit } from "./audit.ts";
import { keepRenewed } from "./certificate_renewal.ts";
import { encryptedBy } from "./encryption.ts";
import { reachableAddresses } from "./machine_defaults.ts";
import type { Loops } from "./loops.ts";
import { MemoryReturn, thisProcess } from "./memory_return.ts";
import { addressIn, type Settings } from "./settings.ts";
import { type AccessFiles, accessFiles } from "./structured_access.ts";

export interface MasterOptions {
  readonly settings: Settings;
  readonly loops: Loops;
  readonly manifests: readonly string[];
  /** The node runs in this process as well: its certificates are made with the rest. */
  readonly withNode: boolean;
}

export interface Master {
  readonly pki: Pki;
  readonly api: Api;
  readonly client: Client;
  /** Called with the new certificates whenever some were renewed. */
  onRenewed(tell: (pki: Pki) => void | Promise<void>): Disposable;
  startLoops(): Promise<void>;
  /** Requests in flight get `graceMs` to end. */
  stop(graceMs: number): Promise<void>;
}

export function makePki({ settings, withNode }: Pick<MasterOptions, "settings" | "withNode">): Promise<Pki> {
  const { nodeName, nodeIp, dataDir, serviceCidr, bridge } = settings;
  return ensurePki(`${dataDir}/pki`, {
    hostnames: [Deno.hostname(), nodeName],
    ips: [nodeIp, ...reachableAddresses(bridge)],
    serviceIp: addressIn(serviceCidr, 1),
    node: withNode ? { name: nodeName, ips: [nodeIp] } : undefined,
  });
}

export async function openSettingsStore(settings: Settings): Promise<Store | EncryptedStore> {
  const { store, storeTls, encryptionConfig } = settings;
  const read = (path: string | undefined) => path === undefined ? undefined : Deno.readTextFile(path);
  const [ca, cert, key] = await Promise.all([read(storeTls.ca), read(storeTls.cert), read(storeTls.key)]);
  const opened = await openStore(store, { tls: { ca, cert, key } });
  return encryptionConfig ? await encryptedBy(encryptionConfig, opened) : opened;
}

/** Resolves when the API server answers. */
export async function startMaster(
  options: MasterOptions,
  made: { pki: Pki; store: Store | EncryptedStore },
): Promise<Master> {
  const { settings, loops, manifests } = options;
  const { store } = made;
  let { pki } = made;
  const audit = await openAudit(settings);
  const access = clusterAccess();
  const files = await accessFiles(settings, access);
  const { api, tokens } = await buildApi(settings, { current: () => pki, store, audit, access, files });
  const memory = new MemoryReturn(thisProcess(), systemClock);
  const served = await serveApi(noting(memory, api), {
    hostname: settings.bindAddress,
    port: settings.port,
    ...servingPair(pki),
    clientCa: pki.ca.cert,
    frontProxyCa: pki.frontProxyCa.cert,
  });
  const client = inProcessClient(api, loopUser("system:kube-controller-manager"));
  const stopping = new AbortController();
  const renewed = new Set<(pki: Pki) => void | Promise<void>>();
  const log = getLogger(["d8s", "certificates"]);
  const renewing = keepRenewed({
    dir: `${settings.dataDir}/pki`,
    pki,
    make: () => makePki(options),
    signal: stopping.signal,
    onTrouble: (error) => log.warn("certificates could not be renewed", { error }),
    async changed(now) {
      pki = now;
      served.renew(servingPair(now));
      tokens.use(tokenKeys(now));
      for (const tell of renewed) await tell(now);
      log.info("certificates were renewed");
    },
  });
  const onRenewed: Master["onRenewed"] = (tell) => {
    renewed.add(tell);
    return { [Symbol.dispose]: () => void renewed.delete(tell) };
  };
  let running: Running | undefined;
  return {
    get pki() {
      return pki;
    },
    onRenewed,
    api,
    client,
    async startLoops() {
      const { signal } = stopping;
      const controllers = await loops.master({
        ...{ settings, api, client, manifests, signal, onRenewed },
        get pki() {
          return pki;
        },
      });
      const identity = `${settings.nodeName}_${crypto.randomUUID()}`;
      // sqlite has one master; many may share an etcd.
      const leaderElection = settings.store.startsWith("etcd") ? {} : undefined;
      running = runControllers(controllers, { client, signal, identity, leaderElection });
      memory.noted();
    },
    async stop(graceMs) {
      memory[Symbol.dispose]();
      stopping.abort();
      await running?.stop();
      await renewing;
      await served.close(graceMs);
      await api.close();
      await files[Symbol.asyncDispose]();
      await audit?.sink.close();
      await store.close();
    },
  };
}

/** What comes over the network is the work that bursts. */
function noting(memory: MemoryReturn, api: Api): Api {
  return {
    ...api,
    fetch(request, connection) {
      memory.noted();
      return api.fetch(request, connection);
    },
  };
}

function servingPair({ apiserver: { key, cert }, ca }: Pki) {
  return { key, cert: cert + ca.cert }; // joining nodes find the CA in the chain
}

interface ApiParts {
  readonly current: () => Pki;
  readonly store: Store | EncryptedStore;
  readonly audit?: AuditOptions;
  readonly access: ClusterAccess;
  readonly files: AccessFiles;
}

interface BuiltApi {
  readonly api: Api;
  readonly tokens: TokenIssuer;
}

function tokenKeys({ serviceAccountKey, retiredServiceAccountKeys }: Pki): TokenKeys {
  return { signing: serviceAccountKey, retired: retiredServiceAccountKeys };
}

async function buildApi(settings: Settings, { current, store, audit, access, files }: ApiParts): Promise<BuiltApi> {
  const pki = current();
  const { bindAddress, nodeIp, port } = settings;
  // Tokens ask the API whether their accounts still exist, and the API asks tokens who calls.
  const late: { client?: Client } = {};
  const find = (kind: Kind<unknown>, ref: Ref) => late.client!.get(kind, ref);
  const kinds = { ServiceAccount, Pod, Secret, Node };
  const issuer = tokenIssuer({
    key: pki.serviceAccountKey,
    lookup: (kind, ref) => find(kinds[kind], ref),
    secretUsed: (ref, day) => {
      const body = { metadata: { labels: { [lastUsedLabel]: day } } };
      const log = getLogger(["d8s", "api"]);
      late.client!.patch(Secret, ref, { type: "merge", body }).catch((error) =>
        log.warn("the use of a token was not noted", { ...ref, error })
      );
    },
  });
  issuer.use(tokenKeys(pki));
  const authenticate = anyOf(
    requestHeaders({ allowedNames: ["front-proxy-client"] }),
    clientCertificates(),
    serviceAccountTokens(issuer),
    bootstrapTokens((ref) => find(Secret, ref) as Promise<BootstrapSecret | undefined>),
    ...(files.authentication ? [files.authentication.authenticate] : []),
  );
  const api = await createApi({
    store,
    authenticate,
    anonymous: files.authentication?.anonymous,
    authorize: access.authorize,
    access,
    clock: systemClock,
    tokens: issuer,
    admission: await chosenAdmission(settings),
    optional: settings.optional,
    audit,
    encryption: "keyUse" in store ? store : undefined,
    serviceCidr: settings.serviceCidr,
    // Endpoints are for others: nobody reaches every address, nor this machine's own loopback.
    advertised: { address: /^(0\.0\.0\.0$|127\.)/.test(bindAddress) ? nodeIp : bindAddress, port },
    aggregation: {
      frontProxy: pki.frontProxyClient,
      frontProxyCa: pki.frontProxyCa.cert,
      clientCa: pki.ca.cert,
    },
    dialKubelet: tlsKubeletDialer(() => ({ ca: current().ca.cert, ...current().kubeletClient })),
  });
  late.client = inProcessClient(api, loopUser("system:apiserver"));
  return { api, tokens: issuer };
}
