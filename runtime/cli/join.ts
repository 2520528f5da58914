/**
 * How a machine becomes a node: it learns the cluster's CA from the master without trusting it, checks it against the hash
 * in the token, and from then on trusts nothing else; its certificates come from signing requests. Keys never leave
 * the machine, and are kept (0600) for the next start.
 */
import { connect } from "node:tls";
import {
  type BootstrapToken,
  type JoinToken,
  kubeletClientSigner,
  kubeletServingSigner,
  nearsExpiry,
  newPrivateKey,
  newSigningRequest,
  publicKeyHash,
  readCertificate,
  readIfThere,
  writeFileAtomic,
} from "../auth/mod.ts";
import { httpsClient } from "../client/mod.ts";
import { type Client, systemClock } from "../loop/mod.ts";
import { CertificateSigningRequest, isReason, Node } from "../schema/mod.ts";
import type { NodeCredentials } from "./loops.ts";

export interface JoinOptions {
  /** `https://HOST:PORT` */
  readonly server: string;
  /** Needed for the first join only. */
  readonly token?: JoinToken;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Where keys and certificates are kept. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

export interface Joined extends NodeCredentials {
  readonly client: { readonly key: string; readonly cert: string };
}

const certificatePatienceMs = 60_000;

/** Uses what an earlier join left, renews what nears its end, and joins anew where there is nothing. */
export async function join(options: JoinOptions): Promise<Joined> {
  const { server, dir } = options;
  await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
  const ca = await ensureCa(options);
  const client = await ensureClientCertificate(options, ca);
  using api = httpsClient({ server, ca, ...client });
  const serving = await ensureServingCertificate(options, api);
  return { ca, client, serving };
}

async function ensureCa({ dir, server, token }: JoinOptions): Promise<string> {
  const kept = await readIfThere(`${dir}/ca.crt`);
  if (kept && (!token || publicKeyHash(kept) === token.caHash)) return kept;
  if (!token) {
    throw new Error("this machine has not joined a cluster yet: --token is needed (d8s token create, on the master)");
  }
  const ca = await fetchCa(server, token.caHash);
  await writeFileAtomic(`${dir}/ca.crt`, ca);
  await Deno.remove(`${dir}/client.crt`).catch(() => {}); // of another cluster
  return ca;
}

/** The authority that the server presents, as PEM, if it is the one that the hash names. Throws otherwise. */
export async function fetchCa(server: string, hash: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const chain = await presentedChain(hostname, Number(port || 443));
  const found = chain.find((der) => publicKeyHash(der) === hash);
  if (!found) {
    throw new Error(
      `${server} is not the cluster that the token is for: its CA has another hash. Check the address and the token`,
    );
  }
  const base64 = btoa(String.fromCharCode(...found)).replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
}

function presentedChain(host: string, port: number): Promise<Uint8Array[]> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => reject(new Error(`can't reach https://${host}:${port}: ${error.message}`));
    const socket = connect({ host, port, rejectUnauthorized: false, servername: "kubernetes", timeout: 10_000 }, () => {
      const chain = [];
      let certificate = socket.getPeerCertificate(true);
      while (certificate?.raw && chain.length < 8) {
        chain.push(new Uint8Array(certificate.raw));
        if (certificate.issuerCertificate === certificate) break;
        certificate = certificate.issuerCertificate;
      }
      socket.destroy();
      resolve(chain);
    });
    socket.on("error", refuse);
    socket.on("timeout", () => socket.destroy(new Error("no answer within 10 s")));
  });
}

async function ensureClientCertificate(options: JoinOptions, ca: string): Promise<{ key: string; cert: string }> {
  const { dir, server, token, nodeName } = options;
  const key = await ensureKey(`${dir}/client.key`);
  const kept = await readIfThere(`${dir}/client.crt`);
  const { notAfterMs } = kept ? readCertificate(kept) : { notAfterMs: 0 };
  if (kept && !nearsExpiry(readCertificate(kept), Date.now())) return { key, cert: kept };
  if (!token && notAfterMs < Date.now()) {
    throw new Error("the node's certificate has expired: join again with a new --token");
  }
  // A node renews with the certificate that it has; only a new one shows the token.
  const proof = kept && notAfterMs > Date.now() ? { key, cert: kept } : { token: bearer(token!.bootstrap) };
  using client = httpsClient({ server, ca, ...proof });
  const request = await newSigningRequest(key, { subject: subjectOf(nodeName), usages: ["client"] });
  const cert = await certificateFor(
    client,
    { request, signerName: kubeletClientSigner, purpose: "client auth" },
    options,
  );
  await writeFileAtomic(`${dir}/client.crt`, cert);
  return { key, cert };
}

async function ensureServingCertificate(options: JoinOptions, client: Client): Promise<{ key: string; cert: string }> {
  const { dir, nodeName, nodeIp } = options;
  const key = await ensureKey(`${dir}/serving.key`);
  const kept = await readIfThere(`${dir}/serving.crt`);
  if (kept) {
    const facts = readCertificate(kept);
    if (!nearsExpiry(facts, Date.now()) && facts.names.includes(nodeIp)) return { key, cert: kept };
  }
  await announceAddress(client, options);
  const names = { dnsNames: [nodeName], ips: [nodeIp] };
  const request = await newSigningRequest(key, { subject: subjectOf(nodeName), usages: ["server"], ...names });
  const cert = await certificateFor(
    client,
    { request, signerName: kubeletServingSigner, purpose: "server auth" },
    options,
  );
  await writeFileAtomic(`${dir}/serving.crt`, cert);
  return { key, cert };
}

/** The signer certifies only addresses that the Node object names, so it must name this one first. */
async function announceAddress(client: Client, { nodeName, nodeIp }: JoinOptions): Promise<void> {
  const found = await client.get(Node, { name: nodeName });
  if (found?.status?.addresses?.some(({ address }) => address === nodeIp)) return;
  const node = { apiVersion: "v1", kind: "Node", metadata: { name: nodeName } } as const;
  if (!found) {
    await client.create(Node, node).catch((error) => isReason(error, "AlreadyExists") || Promise.reject(error));
  }
  const addresses = [{ type: "InternalIP", address: nodeIp }, { type: "Hostname", address: nodeName }];
  await client.patch(Node, { name: nodeName }, { type: "merge", body: { status: { addresses } } }, {
    subresource: "status",
  });
}

interface Asked {
  readonly request: string;
  readonly signerName: string;
  readonly purpose: "client auth" | "server auth";
}

/** Resolves with the certificate; throws with the signer's reason when it is denied. */
async function certificateFor(client: Client, asked: Asked, { nodeName, signal }: JoinOptions): Promise<string> {
  const { request, signerName, purpose } = asked;
  const usages = ["digital signature" as const, purpose];
  const { metadata: { name } } = await client.create(CertificateSigningRequest, {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: `node-${nodeName}-` },
    spec: { request: btoa(request), signerName, usages },
  });
  const patience = AbortSignal.any([signal, AbortSignal.timeout(certificatePatienceMs)]);
  const watch = client.watch(CertificateSigningRequest, { fieldSelector: `metadata.name=${name}`, signal: patience });
  for await (const event of watch) {
    if (event.type === "BOOKMARK") continue;
    const { certificate, conditions = [] } = event.object.status ?? {};
    if (certificate) return atob(certificate);
    const refused = conditions.find(({ type }) => type === "Denied" || type === "Failed");
    if (refused) throw new Error(`the master refused the certificate of ${nodeName}: ${refused.message}`);
  }
  throw new Error(`the master did not sign the certificate of ${nodeName} within 60 s (kubectl describe csr ${name})`);
}

function subjectOf(nodeName: string) {
  return { commonName: `system:node:${nodeName}`, organizations: ["system:nodes"] };
}

function bearer({ id, secret }: BootstrapToken): string {
  return `${id}.${secret}`;
}

async function ensureKey(path: string): Promise<string> {
  const kept = await readIfThere(path);
  if (kept) return kept;
  const key = await newPrivateKey();
  await writeFileAtomic(path, key);
  return key;
}

/** Resolves when the first of a node's certificates has less than a third of its life left, or the signal aborts. */
export async function untilRenewal({ client, serving }: Joined, signal: AbortSignal): Promise<void> {
  const due = [client.cert, serving.cert].map(readCertificate).map(({ notBeforeMs, notAfterMs }) =>
    notAfterMs - (notAfterMs - notBeforeMs) / 3
  );
  while (!signal.aborted && Math.min(...due) > Date.now()) {
    // Timers hold at most 2^31 ms, and a machine that slept should look again.
    await new Promise<void>((resolve) => {
      const timer = systemClock.after(Math.min(86_400_000, Math.min(...due) - Date.now() + 1000), resolve);
      signal.addEventListener("abort", () => (timer[Symbol.dispose](), resolve()), { once: true });
    });
  }
}
