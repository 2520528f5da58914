/** A real API server on a real sqlite store in a temporary folder, reached in process and over HTTPS on a free port. */
import { type Api, type ApiOptions, createApi, serveApi, tlsKubeletDialer } from "../../runtime/api/mod.ts";
import {
  anyOf,
  clientCertificates,
  clusterAccess,
  ensurePki,
  loopUser,
  type Pki,
  type PkiOptions,
  requestHeaders,
  serviceAccountTokens,
  tokenIssuer,
} from "../../runtime/auth/mod.ts";
import { httpsClient, inProcessClient } from "../../runtime/client/mod.ts";
import { type Client, systemClock } from "../../runtime/loop/mod.ts";
import {
  isReason,
  type Kind,
  Namespace,
  Node,
  Pod,
  type Ref,
  Secret,
  ServiceAccount,
} from "../../runtime/schema/mod.ts";
import { openSqliteStore } from "../../runtime/store/mod.ts";

export interface ApiServer extends AsyncDisposable {
  readonly api: Api;
  readonly url: string;
  /** In process, allowed everything. */
  readonly client: Client;
  /** Over HTTPS with the admin certificate. */
  readonly https: Client;
  /** PEM of the cluster's authority. */
  readonly ca: string;
  /** PEM of the admin's certificate and key. */
  readonly admin: { readonly cert: string; readonly key: string };
  readonly pki: Pki;
}

type ApiServerOptions = Pick<ApiOptions, "dialKubelet" | "optional"> & Pick<PkiOptions, "node"> & {
  /** An IPv4 of this machine. Default 127.0.0.1. */
  readonly hostname?: string;
};

/** The namespaces `default` and `kube-system` are there. */
export async function apiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const { hostname = "127.0.0.1", node, ...apiOptions } = options;
  const folder = await Deno.makeTempDir({ prefix: "d8s-api-" });
  const pki = await ensurePki(`${folder}/pki`, { hostnames: ["localhost"], ips: [hostname], node });
  const store = await openSqliteStore({ path: `${folder}/store.db` });
  // Tokens ask the API whether their accounts still exist, and the API asks tokens who calls.
  const late: { client?: Client } = {};
  const kinds = { ServiceAccount, Pod, Secret, Node };
  const lookup = (kind: keyof typeof kinds, ref: Ref) => late.client!.get(kinds[kind] as Kind<unknown>, ref);
  const tokens = tokenIssuer({ key: pki.serviceAccountKey, lookup });
  const proxies = requestHeaders({ allowedNames: ["front-proxy-client"] });
  const authenticate = anyOf(proxies, clientCertificates(), serviceAccountTokens(tokens));
  const access = clusterAccess();
  const { authorize } = access;
  const dialKubelet = tlsKubeletDialer(() => ({ ca: pki.ca.cert, ...pki.kubeletClient }));
  const parts = { store, authenticate, authorize, access, tokens, clock: systemClock, dialKubelet };
  const api = await createApi({ ...parts, ...apiOptions });
  const address = { hostname, port: 0 };
  const served = await serveApi(api, {
    ...address,
    ...pemOf(pki.apiserver),
    clientCa: pki.ca.cert,
    frontProxyCa: pki.frontProxyCa.cert,
  });
  const url = `https://${hostname}:${served.port}`;
  const https = httpsClient({ server: url, ca: pki.ca.cert, ...pemOf(pki.admin) });
  const client = inProcessClient(api, loopUser("system:kube-controller-manager"));
  late.client = client;
  for (const name of ["default", "kube-system"]) await ensureNamespace(client, name);
  return {
    api,
    url,
    client,
    https,
    ca: pki.ca.cert,
    admin: pemOf(pki.admin),
    pki,
    async [Symbol.asyncDispose]() {
      https[Symbol.dispose]();
      await served.close(0);
      await api.close();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function pemOf({ cert, key }: { readonly cert: string; readonly key: string }) {
  return { cert, key };
}

async function ensureNamespace(client: Client, name: string): Promise<void> {
  try {
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  } catch (error) {
    if (!isReason(error, "AlreadyExists")) throw error;
  }
}
